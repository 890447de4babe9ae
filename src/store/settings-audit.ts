import { z } from 'zod';
import type { SettingsChange } from '../domain/settings.js';
import { parsed } from './job-row.js';
import { isSettingName } from './settings-schema.js';
import type { Sql, Statement } from './sql.js';

export const auditStatements = {
  insert: `INSERT INTO settings_audit (guild_id, user_id, changed_at, setting, old_value, new_value)
    VALUES (?, ?, ?, ?, ?, ?)`,
  list: `SELECT guild_id, user_id, changed_at, setting, old_value, new_value FROM settings_audit
    WHERE guild_id = ? ORDER BY sequence DESC LIMIT ?`,
} as const;

const auditRow = z.object({
  guild_id: z.string(),
  user_id: z.string(),
  changed_at: z.int(),
  setting: z.string(),
  old_value: z.string(),
  new_value: z.string(),
});

/** Who changed which setting, when, from what to what. Rows are only ever added. */
export class SettingsAudit {
  readonly #insert: Statement;
  readonly #list: Statement;

  constructor(sql: Sql) {
    this.#insert = sql.prepare(auditStatements.insert);
    this.#list = sql.prepare(auditStatements.list);
  }

  /** To be called inside the transaction that changes the setting. */
  record(change: SettingsChange): void {
    this.#insert.run(
      change.guildId,
      change.userId,
      change.at,
      change.setting,
      JSON.stringify(change.oldValue),
      JSON.stringify(change.newValue),
    );
  }

  /** Newest first. A setting that this version no longer has is left out. */
  list(guildId: string, limit: number): readonly SettingsChange[] {
    return this.#list.all(guildId, limit).flatMap((row) => {
      const columns = parsed(auditRow, row, 'settings_audit');
      if (!isSettingName(columns.setting)) {
        return [];
      }
      return {
        guildId: columns.guild_id,
        userId: columns.user_id,
        at: columns.changed_at,
        setting: columns.setting,
        oldValue: JSON.parse(columns.old_value),
        newValue: JSON.parse(columns.new_value),
      };
    });
  }
}
