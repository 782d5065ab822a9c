/** What is heard of the server beside the answers to calls. */
export interface StoreWatcher {
  /** Called with the time that the server took for a command of the election, in ms. */
  measured?(ms: number): void;
  /** Called with news for people. */
  info?(text: string): void;
}
