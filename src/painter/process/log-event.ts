import type { Logger } from '../../logger.js';
import type { WorkerEvent } from './process-painter.js';

/** What becomes of painting processes, in the log. */
export function logWorkerEvent(logger: Logger, event: WorkerEvent, worker: number): void {
  switch (event.type) {
    case 'ready':
      logger.info({ worker, pid: event.pid }, 'the worker is ready');
      return;
    case 'lost': {
      const { reason, lostCalls, restartInMs } = event;
      logger.warn({ worker, reason, lostCalls, restartInMs }, 'the worker was lost and will be restarted');
      return;
    }
    case 'unusable':
      logger.error({ worker, err: event.error }, 'the worker cannot be started');
      return;
  }
}
