// Runs organisation elements (`lowcode:organisation`, see `wit/`) in Node.

export { ManualClock } from './clock.js';
export { Component } from './component.js';
export { Element } from './element.js';
export { CallEnded, HostError, OrganisationError } from './errors.js';
export { readFolder } from './folder.js';
export { DEFAULT_LIMITS } from './limits.js';
export { run } from './run.js';
