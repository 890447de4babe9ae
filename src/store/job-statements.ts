/**
 * Every statement on `jobs`. A change gives the row back as it is afterwards. Each one finds its rows through an index (a test asks SQLite for the plan).
 * INDEXED BY where SQLite would rather walk every completed job by its status and sort.
 * `guild_id IS ?` rather than `=`: a direct message has no server, and NULL = NULL is not true.
 */
export const jobStatements = {
  insert: `INSERT INTO jobs (
      id, status, guild_id, channel_id, user_id, locale, interaction_id, interaction_token, application_id,
      source_kind, parent_index, strength, parent_job_id, prompt, style, count, seed, size_px, sampling, embedding,
      embedding_bundle, created_at)
    VALUES (?, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (interaction_id) DO NOTHING RETURNING *`,
  get: 'SELECT * FROM jobs WHERE id = ?',
  getByInteraction: 'SELECT * FROM jobs WHERE interaction_id = ?',
  getByMessage: 'SELECT * FROM jobs WHERE message_id = ? AND channel_id = ? ORDER BY sequence DESC LIMIT 1',
  setMessage: 'UPDATE jobs SET message_id = ? WHERE id = ?',
  markActive: `UPDATE jobs SET status = 'active', started_at = ? WHERE id = ? AND status = 'waiting' RETURNING *`,
  requeue: `UPDATE jobs SET status = 'waiting', started_at = NULL, attempts = attempts + ?
    WHERE id = ? AND status IN ('waiting', 'active') RETURNING *`,
  complete: `UPDATE jobs SET status = 'completed', error_code = NULL, bundle = ?, embedding = ?, embedding_bundle = ?,
      sampling = coalesce(?, sampling), unknown_words = ?, paint_ms = ?, finished_at = ?
    WHERE id = ? AND status = 'active' RETURNING *`,
  fail: `UPDATE jobs SET status = 'failed', error_code = ?, finished_at = ?
    WHERE id = ? AND status IN ('waiting', 'active') RETURNING *`,
  cancel: `UPDATE jobs SET status = 'cancelled', finished_at = ?
    WHERE id = ? AND status IN ('waiting', 'active') RETURNING *`,
  markDeleted: 'UPDATE jobs SET deleted_at = coalesce(deleted_at, ?) WHERE id = ?',
  markDelivered: `UPDATE jobs SET delivered_at = coalesce(delivered_at, ?), message_id = coalesce(?, message_id),
      interaction_token = NULL
    WHERE id = ?`,
  undelivered: `SELECT id FROM jobs INDEXED BY jobs_undelivered
    WHERE delivered_at IS NULL AND deleted_at IS NULL AND status IN ('completed', 'failed')
    ORDER BY finished_at DESC`,
  unfinished: `SELECT * FROM jobs INDEXED BY jobs_unfinished
    WHERE status IN ('waiting', 'active') ORDER BY sequence`,
  usage: `SELECT max(created_at) AS last,
      count(*) FILTER (WHERE status <> 'cancelled' AND created_at >= ?) AS hour,
      count(*) FILTER (WHERE status <> 'cancelled') AS day
    FROM jobs WHERE user_id = ? AND guild_id IS ? AND created_at BETWEEN ? AND ?`,
  recentPaintMs: `SELECT paint_ms AS value FROM jobs INDEXED BY jobs_painted
    WHERE status = 'completed' ORDER BY finished_at DESC LIMIT ?`,
  counts: 'SELECT status, count(*) AS jobs FROM jobs GROUP BY status',
  // A kept job stays, and so does the parent that an unfinished variation still has to read its tokens from.
  prune: `DELETE FROM jobs WHERE sequence IN (
    SELECT old.sequence FROM jobs AS old
    WHERE old.finished_at IS NOT NULL AND old.finished_at < ?
      AND NOT EXISTS (SELECT 1 FROM keeps WHERE keeps.job_id = old.id)
      AND NOT EXISTS (SELECT 1 FROM jobs AS child
        WHERE child.parent_job_id = old.id AND child.status IN ('waiting', 'active'))
    ORDER BY old.finished_at LIMIT ?)`,
} as const;
