import type { JobAsk } from '../../actions/ask.js';
import type { Context } from './context.js';

/** A member's reaction on a message that shows a job. */
interface Reacted {
  readonly context: Context;
  readonly ask: JobAsk;
  /** The picture that the message shows alone, large; undefined where it shows the job. */
  readonly index: number | undefined;
  /** Deletes the message reacted to. */
  readonly deleteMessage: () => Promise<void>;
}

/** What an emoji under a message means. Errors are thrown; whoever listens answers them. */
export interface Reaction {
  /** Without variation selectors. */
  readonly emoji: string;
  add(reacted: Reacted): Promise<void>;
  /** When it is taken back. */
  remove?(reacted: Reacted): Promise<void>;
}
