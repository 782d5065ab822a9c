/**
 * NestJS: the module of the package runs the clusters and closes them, `mailer` does its work with what is injected, and a job
 * of `@nestjs/schedule` runs on the master alone.
 */
import 'reflect-metadata';
import { Controller, Injectable, Module, Param, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, CronExpression, ScheduleModule } from '@nestjs/schedule';
import type { Cluster, ManagedCluster } from 'mongo-failover';
import { FailoverModule, InjectCluster, MasterOnly, OnMaster, OnStandby } from 'mongo-failover/nestjs';
import { type Bill, follow, log, options, port, work } from './billing.js';

@Injectable()
class Mailer {
  send(to: string): void {
    log(`mail to ${to}`);
  }
}

@Module({ providers: [Mailer], exports: [Mailer] })
class MailModule {}

@Controller('tasks')
class BillingController {
  constructor(
    @InjectCluster('billing') private readonly billing: ManagedCluster<Bill>,
    @InjectCluster('mails') private readonly mails: ManagedCluster<{ to: string }>,
  ) {
    follow(billing);
  }

  @Post(':id')
  async submit(@Param('id') id: string, @Query('ms') ms = '100') {
    await this.mails.submitWork({ to: id });
    return this.billing.submitWork({ id, ms: Number(ms) });
  }
}

@Injectable()
class Jobs {
  @Cron(CronExpression.EVERY_SECOND)
  @MasterOnly('billing')
  clean(): void {
    log('clean');
  }

  @OnMaster('billing')
  begin(cluster: Cluster): void {
    log(`begins as master of ${cluster.name}`);
  }

  @OnStandby('billing')
  rest(): void {
    log('rests');
  }
}

@Module({
  imports: [
    ScheduleModule.forRoot(),
    FailoverModule.forRoot(options),
    FailoverModule.cluster({ name: 'billing', key: 'id', work, options: { durable: true } }),
    FailoverModule.cluster({
      name: 'mails',
      imports: [MailModule],
      inject: [Mailer],
      useFactory: (mailer: Mailer) => ({
        key: 'to',
        work: ({ to }: { to: string }) => {
          mailer.send(to);
          return true;
        },
        options: { durable: true },
      }),
    }),
  ],
  controllers: [BillingController],
  providers: [Jobs],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
// Without it NestJS hears no signal. By default it would end the process by the signal, which is no clean end.
if (process.env.NO_HOOKS === undefined) app.enableShutdownHooks(undefined, { useProcessExit: true });
await app.listen(port);
log(`listening on port ${new URL(await app.getUrl()).port}`);
