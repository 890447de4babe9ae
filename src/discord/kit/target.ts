import type { Attachment, Message } from 'discord.js';
import { isVisible } from '../../actions/find-job.js';
import type { Asker } from '../../domain/asker.js';
import type { Job } from '../../domain/job.js';
import type { Store } from '../../store/store.js';
import { type ControlId, parseControlId } from './custom-id.js';

type Target = Pick<Message, 'id' | 'channelId' | 'components' | 'author' | 'client'>;

/** The job that a message shows, if it is ours and the asker may know of it. */
export function jobOfTarget(store: Store, asker: Asker, message: Target): Job | undefined {
  if (message.author.id !== message.client.user.id) {
    return undefined;
  }
  const job =
    store.jobs.getByMessage(message.channelId, message.id) ?? store.jobs.get(controlUnder(message)?.jobId ?? '');
  return job !== undefined && isVisible(job, asker) ? job : undefined;
}

/**
 * What the controls under a message are of: its ❌, which every message of ours has that shows pictures, says whether
 * that is a job or one picture of it.
 */
export function controlUnder(message: Pick<Message, 'components'>): ControlId | undefined {
  const ids = message.components.flatMap((row) =>
    'components' in row
      ? row.components.flatMap((component) => {
          const customId = 'customId' in component ? component.customId : null;
          return (typeof customId === 'string' ? parseControlId(customId) : undefined) ?? [];
        })
      : [],
  );
  return ids.find(({ action }) => action === 'delete') ?? ids[0];
}

/** The first file of a message that says it is a picture; whether it is one is found out when it is read. */
export function pictureOfTarget(message: Pick<Message, 'attachments'>): Attachment | undefined {
  return message.attachments.find(
    (file) => file.contentType?.startsWith('image/') ?? /\.(png|jpe?g|webp|gif)$/i.test(file.name),
  );
}
