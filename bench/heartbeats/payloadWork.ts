/** Work that does as little as can be with a big payload, so the payloads go as fast as they can. */

export interface PayloadTask {
  readonly id: number;
  readonly payload: Uint8Array;
}

export default function work({ payload }: PayloadTask): boolean {
  return payload.length > 0;
}
