/** What of upng-js the pictures need: it brings no types. */
declare module 'upng-js' {
  interface Decoded {
    readonly width: number;
    readonly height: number;
  }
  const UPNG: {
    decode(bytes: ArrayBuffer): Decoded;
    toRGBA8(decoded: Decoded): readonly [ArrayBuffer];
    encode(frames: readonly ArrayBuffer[], width: number, height: number, colours: number): ArrayBuffer;
  };
  export default UPNG;
}
