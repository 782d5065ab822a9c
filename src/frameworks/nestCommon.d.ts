/**
 * Is what `nestjs.ts` needs of NestJS, so the package compiles without it. The suite of the frameworks compiles a program
 * against the real types.
 */
declare module '@nestjs/common' {
  export function Inject(token: unknown): PropertyDecorator & ParameterDecorator;
  export class Logger {
    constructor(context: string);
    log(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  }
}

declare module '@nestjs/core' {
  export class DiscoveryModule {}
  export class DiscoveryService {
    getProviders(): import('./nestLifecycle.js').Discovered[];
    getControllers(): import('./nestLifecycle.js').Discovered[];
  }
}
