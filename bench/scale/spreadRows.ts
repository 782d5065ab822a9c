import type { Row } from './row.js';
export const spreadRows: readonly Row[] = [];
