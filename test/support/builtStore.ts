/** The stores as they are built: the embedded one starts a thread, which runs what ships. */

export { createReader } from '../../dist/src/store/createReader.js';
export { createStore } from '../../dist/src/store/createStore.js';
