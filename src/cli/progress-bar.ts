import type { PaintProgress } from '../painter/painter.js';
import type { Terminal } from './command.js';

const WIDTH = 24;
const LABELS: Record<PaintProgress['stage'], string> = {
  encode: 'reading',
  generate: 'painting',
  decode: 'developing',
  rank: 'choosing',
};

/** One line that is redrawn in place, on a terminal only; elsewhere nothing is printed. */
export class ProgressBar {
  readonly #stderr: Terminal['stderr'];

  constructor(stderr: Terminal['stderr']) {
    this.#stderr = stderr;
  }

  show(label: string, fraction: number): void {
    if (!this.#stderr.isTTY) {
      return;
    }
    const done = Math.round(Math.min(1, Math.max(0, fraction)) * WIDTH);
    const percent = `${Math.round(fraction * 100)}`.padStart(3);
    this.#stderr.write(`\r\u001b[K${'█'.repeat(done)}${'░'.repeat(WIDTH - done)} ${percent} % ${label}`);
  }

  readonly onProgress = (progress: PaintProgress): void => this.show(LABELS[progress.stage], progress.fraction);

  clear(): void {
    if (this.#stderr.isTTY) {
      this.#stderr.write('\r\u001b[K');
    }
  }
}
