export type { DotOptions } from './dot.js';
export { toDot } from './dot.js';
