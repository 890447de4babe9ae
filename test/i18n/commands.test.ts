import type { RESTPostAPIApplicationCommandsJSONBody } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { commandPayloads } from '../../src/commands/index.js';
import { en } from '../../src/i18n/commands/en.js';
import { COMMAND_LANGUAGES, commandTexts } from '../../src/i18n/commands/index.js';

interface Node {
  readonly name: string;
  readonly type?: number;
  readonly description?: string;
  readonly name_localizations?: Readonly<Record<string, string>>;
  readonly description_localizations?: Readonly<Record<string, string>>;
  readonly options?: readonly Node[];
  readonly choices?: readonly Node[];
  readonly value?: unknown;
}

const payloads = commandPayloads() as readonly (RESTPostAPIApplicationCommandsJSONBody & Node)[];
const NAME = /^[-_'\p{L}\p{N}]{1,32}$/u;

function walk(node: Node, visit: (node: Node, siblings: readonly Node[]) => void, siblings: readonly Node[]): void {
  visit(node, siblings);
  for (const option of node.options ?? []) {
    walk(option, visit, node.options ?? []);
  }
}

describe('the registered commands', () => {
  it('are the eleven of the documentation', () => {
    expect(payloads.map(({ name }) => name)).toEqual([
      'imagine',
      'show',
      'queue',
      'describe',
      'vary',
      'info',
      'help',
      'limits',
      'Make variations',
      'Use this prompt',
      'Describe',
    ]);
  });

  it('work in servers and direct messages, and /limits in servers for moderators', () => {
    for (const payload of payloads) {
      expect(payload.contexts).toEqual(payload.name === 'limits' ? [0] : [0, 1]);
    }
    const limits = payloads.find(({ name }) => name === 'limits');
    expect(limits?.default_member_permissions).toBe(String(1 << 5));
  });

  it('have names that Discord takes, in every language, each once among its siblings', () => {
    for (const payload of payloads.filter(({ type }) => type !== 3)) {
      walk(
        payload,
        (node, siblings) => {
          for (const locale of COMMAND_LANGUAGES) {
            const name = node.name_localizations?.[locale] ?? '';
            expect(name, `${node.name} ${locale}`).toMatch(NAME);
            expect(name).toBe(name.toLowerCase());
            const others = siblings.filter((other) => other !== node);
            expect(
              others.map((other) => other.name_localizations?.[locale]),
              `${name} ${locale}`,
            ).not.toContain(name);
            const description = node.description_localizations?.[locale] ?? '';
            expect(description.length, `${node.name} ${locale}: ${description}`).toBeGreaterThan(0);
            expect(description.length, `${node.name} ${locale}: ${description}`).toBeLessThanOrEqual(100);
          }
          expect(node.name).toMatch(NAME);
          expect(node.description?.length ?? 0, node.name).toBeLessThanOrEqual(100);
          expect(node.options?.length ?? 0).toBeLessThanOrEqual(25);
          expect(node.choices?.length ?? 0).toBeLessThanOrEqual(25);
        },
        payloads.filter(({ type }) => type !== 3),
      );
    }
  });

  it('stay below 8000 characters with their longest translations', () => {
    const longest = (own: string | undefined, others: Readonly<Record<string, string>> | undefined) =>
      Math.max(own?.length ?? 0, ...Object.values(others ?? {}).map((text) => text.length));
    const charsOf = (node: Node): number =>
      longest(node.name, node.name_localizations) +
      longest(node.description, node.description_localizations) +
      (typeof node.value === 'string' ? node.value.length : 0) +
      [...(node.options ?? []), ...(node.choices ?? [])].reduce((sum, one) => sum + charsOf(one), 0);
    for (const payload of payloads) {
      expect(charsOf(payload), payload.name).toBeLessThan(8000);
    }
  });

  it('have every text in every language', () => {
    for (const locale of COMMAND_LANGUAGES) {
      expect(Object.keys(commandTexts(locale)).sort()).toEqual(Object.keys(en).sort());
    }
  });
});
