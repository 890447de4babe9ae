import { z } from 'zod';
import { DEFAULT_SETTINGS, type GuildSettings, type SettingsChange } from '../domain/settings.js';
import { parsed } from './job-row.js';
import type { SettingsAudit } from './settings-audit.js';
import { checkedSetting, isSettingName, settingNames } from './settings-schema.js';
import type { Sql, Statement } from './sql.js';
import type { SettingsRepository } from './store.js';

export const settingsStatements = {
  select: 'SELECT setting, value FROM guild_settings WHERE guild_id = ?',
  set: `INSERT INTO guild_settings (guild_id, setting, value) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value`,
  reset: 'DELETE FROM guild_settings WHERE guild_id = ?',
} as const;

const settingRow = z.object({ setting: z.string(), value: z.string() });

/** One row for each setting that differs from the default by somebody's choice; the audit beside it. */
export class SqliteSettingsRepository implements SettingsRepository {
  readonly #sql: Sql;
  readonly #audit: SettingsAudit;
  readonly #clock: () => number;
  readonly #onDamaged: (message: string) => void;
  readonly #told = new Set<string>();
  readonly #select: Statement;
  readonly #set: Statement;
  readonly #reset: Statement;

  constructor(sql: Sql, audit: SettingsAudit, clock: () => number, onDamaged: (message: string) => void) {
    this.#onDamaged = onDamaged;
    this.#sql = sql;
    this.#audit = audit;
    this.#clock = clock;
    this.#select = sql.prepare(settingsStatements.select);
    this.#set = sql.prepare(settingsStatements.set);
    this.#reset = sql.prepare(settingsStatements.reset);
  }

  /** A stored value that the setting does not take is told of and counts as not set; `reset` and `set` repair that. */
  get(guildId: string): GuildSettings {
    const chosen = Object.entries(this.#chosen(guildId)).flatMap(([setting, value]) => {
      try {
        return [[setting, checkedSetting(setting as keyof GuildSettings, value)]];
      } catch (error) {
        this.#tellOnce(`The setting ${setting} of server ${guildId} is damaged, and counts as not set.`, error);
        return [];
      }
    });
    return { ...DEFAULT_SETTINGS, ...Object.fromEntries(chosen) };
  }

  /** @throws InputError for a value that the setting does not take. */
  set<K extends keyof GuildSettings>(
    guildId: string,
    userId: string,
    setting: K,
    value: GuildSettings[K],
  ): SettingsChange {
    const newValue = checkedSetting(setting, value);
    return this.#sql.transaction('durable', () => {
      const oldValue = { ...DEFAULT_SETTINGS, ...this.#chosen(guildId) }[setting];
      this.#set.run(guildId, setting, JSON.stringify(newValue));
      return this.#record({ guildId, userId, at: this.#clock(), setting, oldValue, newValue });
    });
  }

  /** Back to the defaults; one change for each setting that was different. */
  reset(guildId: string, userId: string): readonly SettingsChange[] {
    return this.#sql.transaction('durable', () => {
      const chosen = this.#chosen(guildId);
      this.#reset.run(guildId);
      const at = this.#clock();
      return settingNames
        .filter((setting) => setting in chosen && !sameValue(chosen[setting], DEFAULT_SETTINGS[setting]))
        .map((setting) =>
          this.#record({
            guildId,
            userId,
            at,
            setting,
            oldValue: chosen[setting],
            newValue: DEFAULT_SETTINGS[setting],
          }),
        );
    });
  }

  history(guildId: string, limit: number): readonly SettingsChange[] {
    return this.#audit.list(guildId, limit);
  }

  /** Settings are read at every press: one line is enough. */
  #tellOnce(what: string, error: unknown): void {
    if (!this.#told.has(what)) {
      this.#told.add(what);
      this.#onDamaged(`${what} ${error instanceof Error ? error.message : ''}`);
    }
  }

  #record(change: SettingsChange): SettingsChange {
    this.#audit.record(change);
    return change;
  }

  /** As stored, not yet checked; settings that this version does not have are left out. */
  #chosen(guildId: string): Partial<Record<keyof GuildSettings, unknown>> {
    const chosen: Partial<Record<keyof GuildSettings, unknown>> = {};
    for (const row of this.#select.all(guildId)) {
      const { setting, value } = parsed(settingRow, row, 'guild_settings');
      if (isSettingName(setting)) {
        chosen[setting] = jsonOrText(value);
      }
    }
    return chosen;
  }
}

function sameValue(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** A value that is not JSON any more stays as text: `get` refuses it by name, `reset` still removes it. */
function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
