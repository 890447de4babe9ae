import type { AttachmentStore } from './attachments.js';
import type { CommandRegistry } from './command-registry.js';
import type { FaultBox } from './faults.js';
import type { Gateway } from './gateway.js';
import type { Interactions } from './interactions.js';
import type { PlaygroundLimits } from './limits.js';
import type { Messages } from './messages.js';
import type { Wire } from './wire.js';
import type { World } from './world.js';

/** Everything a playground is made of; put together in server.ts. */
export interface Parts {
  readonly world: World;
  readonly wire: Wire;
  readonly store: AttachmentStore;
  readonly messages: Messages;
  readonly commands: CommandRegistry;
  readonly interactions: Interactions;
  readonly gateway: Gateway;
  readonly faults: FaultBox;
  readonly limits: PlaygroundLimits;
}
