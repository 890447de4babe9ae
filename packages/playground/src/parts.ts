import type { AttachmentStore } from './attachments.js';
import type { CommandRegistry } from './command-registry.js';
import type { FaultBox } from './faults.js';
import type { Gateway } from './gateway.js';
import type { InteractionDesk } from './interaction-desk.js';
import type { PlaygroundLimits } from './limits.js';
import type { MessageDesk } from './message-desk.js';
import type { Wire } from './wire.js';
import type { World } from './world.js';

/** Everything a playground is made of; put together in server.ts. */
export interface Parts {
  readonly world: World;
  readonly wire: Wire;
  readonly store: AttachmentStore;
  readonly messages: MessageDesk;
  readonly commands: CommandRegistry;
  readonly interactions: InteractionDesk;
  readonly gateway: Gateway;
  readonly faults: FaultBox;
  readonly limits: PlaygroundLimits;
}
