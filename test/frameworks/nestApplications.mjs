/**
 * Applications of NestJS in one process, each of which shows one thing. It is run where NestJS is installed, and prints what
 * it saw as JSON. Decorators are called as functions, as compilers do.
 */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const required = createRequire(`${process.cwd()}/package.json`);
const load = (name) => import(pathToFileURL(required.resolve(name)).href);
const { Injectable, Module, Scope, SetMetadata } = await load('@nestjs/common');
const { NestFactory } = await load('@nestjs/core');
const nestjs = await import(import.meta.resolve('mongo-failover/nestjs', pathToFileURL(`${process.cwd()}/`)));
const { FailoverModule, getClusterToken, InjectFailover, MasterOnly, OnMaster, OnStandby } = nestjs;

const nodb = { path: process.argv[2] };
const intervals = { SLAVE: 20_000, TICKING: 10_000, POLL: 50 };
const root = () => FailoverModule.forRoot({ nodb, intervals });

/** Decorates a method of a class, the last decorator first, as compilers do. */
function decorate(Class, method, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, method);
  for (const decorator of decorators.reverse()) decorator(Class.prototype, method, descriptor);
  Object.defineProperty(Class.prototype, method, descriptor);
}

async function application(imports, providers, run = () => {}) {
  class AppModule {}
  Module({ imports, providers })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  try {
    return await run(app);
  } finally {
    await app.close();
  }
}

/** What a refusal says. */
async function refusal(imports, providers) {
  try {
    await application(imports, providers);
    return 'taken';
  } catch ({ code, message }) {
    return `${code} ${message}`;
  }
}

// As the types allow it.
const cluster = (name) => FailoverModule.cluster({ name, key: undefined, work: undefined });
const until = async (met) => {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 10));
};
const seen = {};

{
  class Twice {
    called = [];
    begin(given) {
      this.called.push(`begin ${given.name} ${given.isMaster}`);
    }
    rest() {
      this.called.push('rest');
    }
    job(argument) {
      return `did ${argument}`;
    }
    other() {
      return 'did';
    }
  }
  const mark = SetMetadata('mark', 'kept');
  decorate(Twice, 'begin', OnMaster('twice'));
  decorate(Twice, 'rest', OnStandby('twice'));
  decorate(Twice, 'job', mark, MasterOnly('twice'));
  decorate(Twice, 'other', MasterOnly('twice'), mark);
  Injectable()(Twice);
  // Inherited methods count as well.
  class Child extends Twice {}
  Injectable()(Child);
  // Found twice, as the same object.
  const alias = { provide: 'twice', useExisting: Child };
  const early = new Twice();
  try {
    early.job();
  } catch ({ code }) {
    seen.early = code;
  }
  const service = await application([root(), cluster('twice')], [Child, alias], async (app) => {
    const child = app.get(Child);
    const made = app.get(getClusterToken('twice'));
    await until(() => made.isMaster && child.called.length > 0);
    seen.onMaster = [child.job('a'), child.other()];
    seen.metadata = ['job', 'other'].map((method) => Reflect.getMetadata('mark', Child.prototype[method]));
    seen.name = Child.prototype.job.name;
    return { made, child };
  });
  seen.called = service.child.called;
  seen.stopped = service.made.state;
  seen.afterwards = String(service.child.job('a'));
}

{
  class Requested {
    begin() {}
  }
  decorate(Requested, 'begin', OnMaster('requested'));
  Injectable({ scope: Scope.REQUEST })(Requested);
  seen.requested = await refusal([root(), cluster('requested')], [Requested]);
}

{
  class Unknown {
    job() {}
  }
  decorate(Unknown, 'job', MasterOnly('nowhere'));
  Injectable()(Unknown);
  seen.unknown = await refusal([root(), cluster('here')], [Unknown]);
}

seen.made = await refusal([root(), cluster('same'), cluster('same')], []);
seen.options = await refusal([FailoverModule.forRoot({ nodb, intervalls: {} })], []);
seen.key = await refusal([root(), FailoverModule.cluster({ name: 'no work', key: 'id' })], []);

{
  class Holder {
    constructor(service) {
      this.service = service;
    }
  }
  InjectFailover()(Holder, undefined, 0);
  Injectable()(Holder);
  const configured = { provide: 'configuration', useValue: { nodb, intervals } };
  class ConfigurationModule {}
  Module({ providers: [configured], exports: ['configuration'] })(ConfigurationModule);
  const asynchronous = FailoverModule.forRootAsync({
    imports: [ConfigurationModule],
    inject: ['configuration'],
    useFactory: (configuration) => configuration,
  });
  seen.service = await application([asynchronous, cluster('held')], [Holder], (app) =>
    Object.keys(app.get(Holder).service).includes('drain'),
  );
}
console.log(JSON.stringify(seen));
