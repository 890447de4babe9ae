import { MAX_PICTURES } from '../../domain/bounds.js';
import type { VariationStrength } from '../../domain/picture.js';

/** `more` is the select menu of further batches; the others are the contract of docs and other programs. */
export const ACTIONS = ['reroll', 'vary', 'upscale', 'edit', 'keep', 'delete', 'cancel', 'more'] as const;
export type Action = (typeof ACTIONS)[number];

export interface ControlId {
  readonly action: Action;
  readonly jobId: string;
  /** Picture, from 0, best fit first. */
  readonly index?: number;
  readonly strength?: VariationStrength;
}

const PATTERN = /^t1:([a-z]{1,12}):([0-9A-Za-z]{12})(?::(0|[1-9]\d?)(?::([sx]))?)?$/;
const STRENGTH_LETTERS = { subtle: 's', strong: 'x' } as const satisfies Record<VariationStrength, string>;

/** `t1:<action>:<jobId>[:<index>[:s|x]]`, at most 100 characters by construction. */
export function formatControlId({ action, jobId, index, strength }: ControlId): string {
  const parts = ['t1', action, jobId];
  if (index !== undefined) {
    parts.push(String(index));
  }
  if (index !== undefined && strength !== undefined) {
    parts.push(STRENGTH_LETTERS[strength]);
  }
  return parts.join(':');
}

/** The parts of a custom id, or undefined for anything that we never made: ids come from clients and can be forged. */
export function parseControlId(customId: string): ControlId | undefined {
  const match = PATTERN.exec(customId);
  const [, action, jobId, index, letter] = match ?? [];
  if (jobId === undefined || !isAction(action)) {
    return undefined;
  }
  if (index !== undefined && Number(index) >= MAX_PICTURES) {
    return undefined;
  }
  return {
    action,
    jobId,
    ...(index !== undefined && { index: Number(index) }),
    ...(letter !== undefined && { strength: letter === 's' ? ('subtle' as const) : ('strong' as const) }),
  };
}

function isAction(value: string | undefined): value is Action {
  return (ACTIONS as readonly string[]).includes(value ?? '');
}
