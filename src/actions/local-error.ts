import { TesseraError } from '../domain/errors.js';
import type { LocalText } from '../i18n/index.js';

/** Something a member can be told in their own language; nothing of ours is broken. */
export class LocalError extends TesseraError {
  readonly text: LocalText;

  constructor(code: string, text: LocalText, options: { cause?: unknown } = {}) {
    super(code, `A member was told: ${code}.`, options);
    this.text = text;
  }
}
