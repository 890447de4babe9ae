/** The painting process's side of the conversation: takes calls, answers them, cancels them, leaves with its parent. */
import { z } from 'zod';
import { AbortedError } from '../../domain/errors.js';
import type { Painter, PaintProgress } from '../painter.js';
import { answerCall, type PainterCall, parseRequest, toWire } from '../wire.js';
import { type FromWorker, type OpenMessage, type ToWorker, toWorker } from './messages.js';

/** The part of `process` that is used; a child made with `fork` has both methods. */
interface Channel {
  send(message: FromWorker): void;
  onMessage(listener: (message: unknown) => void): void;
}

export interface ServeOptions {
  readonly channel: Channel;
  /** Called once, when the parent says what to open. */
  readonly open: (message: OpenMessage) => Promise<Painter>;
  /** Told about errors that are not ours, with their stacks, before they are reduced to a message. */
  readonly onInternalError?: (error: unknown) => void;
  /** Called when everything is closed and the process may end. */
  readonly onClosed: () => void;
}

/** At most this often per call, in milliseconds; previews and the end always pass. */
const PROGRESS_INTERVAL_MS = 40;

const malformedId = z.object({ id: z.number() });

/** Serves one painter to the process on the other end of the channel, until told to close. */
export function serve(options: ServeOptions): void {
  const { channel } = options;
  const running = new Map<number, AbortController>();
  let painter: Painter | undefined;

  const report = (error: unknown) => {
    const wire = toWire(error);
    if (wire.code === 'internal') {
      options.onInternalError?.(error);
    }
    return wire;
  };

  const open = async (message: OpenMessage) => {
    try {
      painter = await options.open(message);
      channel.send({ type: 'ready', summary: await painter.summary() });
    } catch (error) {
      channel.send({ type: 'unusable', error: report(error) });
    }
  };

  const answer = async (id: number, call: PainterCall) => {
    const abort = new AbortController();
    running.set(id, abort);
    try {
      if (painter === undefined) {
        throw new Error('A call came before the bundle was open.');
      }
      const onProgress = throttled((progress) => channel.send({ type: 'progress', id, progress }));
      const value = await answerCall(painter, call, { signal: abort.signal, onProgress });
      channel.send({ type: 'result', id, value });
    } catch (error) {
      channel.send({ type: 'error', id, error: report(error) });
    } finally {
      running.delete(id);
    }
  };

  const close = async () => {
    for (const abort of running.values()) {
      abort.abort(new AbortedError());
    }
    try {
      await painter?.close();
    } catch (error) {
      report(error);
    }
    options.onClosed();
  };

  channel.onMessage((raw) => {
    let message: ToWorker;
    try {
      message = parseRequest(toWorker, raw);
    } catch (error) {
      // One malformed call must not take the other calls' process with it.
      channel.send({ type: 'error', id: malformedId.parse(raw).id, error: toWire(error) });
      return;
    }
    switch (message.type) {
      case 'open':
        void open(message);
        break;
      case 'call':
        void answer(message.id, message.call);
        break;
      case 'cancel':
        running.get(message.id)?.abort(new AbortedError());
        break;
      case 'close':
        void close();
        break;
    }
  });
}

function throttled(onProgress: (progress: PaintProgress) => void): (progress: PaintProgress) => void {
  let lastAt = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const now = performance.now();
    const isHeldBack = progress.preview === undefined && progress.fraction < 1 && now - lastAt < PROGRESS_INTERVAL_MS;
    if (isHeldBack) {
      return;
    }
    lastAt = now;
    onProgress(progress);
  };
}
