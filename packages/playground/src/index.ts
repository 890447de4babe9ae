export type { PlaygroundDriver } from './driver/driver.js';
export { controlsOf, type SeenMessage, textOf } from './driver/seen-types.js';
export type { InteractionTrace } from './driver/trace.js';
export type { PlaygroundLimits } from './limits.js';
export { type PlaygroundOptions, type PlaygroundServer, startPlayground } from './server.js';
