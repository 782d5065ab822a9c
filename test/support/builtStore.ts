/** The stores as they are built: the embedded one starts a thread, which runs what ships. */
export { createStore } from '../../dist/src/store/createStore.js';
