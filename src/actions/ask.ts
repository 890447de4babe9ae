import type { Asker } from '../domain/asker.js';
import type { Job, JobOrigin } from '../domain/job.js';
import type { GuildSettings } from '../domain/settings.js';
import type { Painter } from '../painter/painter.js';
import type { JobQueue } from '../queue/queue.js';
import type { Store } from '../store/store.js';
import type { WordFilter } from './guards/words.js';
import type { QuickWork } from './quick-work.js';

/** All that an action may use; the root passes it in. */
export interface ActionParts {
  readonly queue: JobQueue;
  readonly store: Store;
  readonly painter: Painter;
  readonly words: WordFilter;
  readonly quick: QuickWork;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** One wish of one member: who, where an answer goes, and what holds there. Read once, at the door. */
export interface Ask {
  readonly asker: Asker;
  readonly origin: JobOrigin;
  readonly settings: GuildSettings;
}

/** What an action on a job's pictures is told. */
export interface JobAsk extends Ask {
  readonly job: Job;
}

/** Stands for "not in a server" wherever settings are asked for: nobody can set any there, so the defaults hold. */
const DIRECT_MESSAGES = 'dm';

/** Settings of a server, or of direct messages. */
export function settingsOf(store: Pick<Store, 'settings'>, guildId: string | null): GuildSettings {
  return store.settings.get(guildId ?? DIRECT_MESSAGES);
}
