import type { Attachment, Message } from 'discord.js';
import { isVisible } from '../../actions/find-job.js';
import type { Asker } from '../../domain/asker.js';
import type { Job } from '../../domain/job.js';
import type { Store } from '../../store/store.js';
import { parseControlId } from './custom-id.js';

type Target = Pick<Message, 'id' | 'channelId' | 'components' | 'author' | 'client'>;

/** The job that a message shows, if it is ours and the asker may know of it. */
export function jobOfTarget(store: Store, asker: Asker, message: Target): Job | undefined {
  if (message.author.id !== message.client.user.id) return undefined;
  const job = store.jobs.getByMessage(message.channelId, message.id) ?? store.jobs.get(jobIdUnder(message) ?? '');
  return job !== undefined && isVisible(job, asker) ? job : undefined;
}

/** The job whose controls stand under a message. */
export function jobIdUnder(message: Pick<Message, 'components'>): string | undefined {
  for (const row of message.components) {
    if (!('components' in row)) continue;
    for (const component of row.components) {
      const customId = 'customId' in component ? component.customId : null;
      const id = typeof customId === 'string' ? parseControlId(customId) : undefined;
      if (id !== undefined) return id.jobId;
    }
  }
  return undefined;
}

/** The first file of a message that says it is a picture; whether it is one is found out when it is read. */
export function pictureOfTarget(message: Pick<Message, 'attachments'>): Attachment | undefined {
  return message.attachments.find(
    (file) => file.contentType?.startsWith('image/') ?? /\.(png|jpe?g|webp|gif)$/i.test(file.name),
  );
}
