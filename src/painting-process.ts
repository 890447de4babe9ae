/** Entry of the painting process. Started with `fork`; everything it needs comes with the first message. */
import { setPriority } from 'node:os';
import { serve } from './painter/process/serve.js';
import { Pipeline } from './pipeline/pipeline.js';

/** A little nicer than the bot, so that a painting machine still answers Discord in time. */
const NICENESS = 5;

// A terminal's Ctrl+C and a service manager's SIGTERM reach every process of the group; the parent decides what ends when.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// The parent is gone, however it went: nobody needs the pictures any more.
process.on('disconnect', () => process.exit(0));

try {
  setPriority(NICENESS);
} catch {
  // Some sandboxes forbid it; painting works all the same.
}

serve({
  channel: {
    // A parent that is gone is no error: 'disconnect' ends this process.
    send: (message) => void process.send?.(message, () => {}),
    onMessage: (listener) => void process.on('message', listener),
  },
  open: ({ bundleDir, provider, threads }) => Pipeline.open({ bundleDir, provider, threads }),
  onInternalError: (error) => console.error(error),
  onClosed: () => process.disconnect?.(),
});
