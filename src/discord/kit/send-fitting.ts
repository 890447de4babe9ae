import { DiscordAPIError, HTTPError, RESTJSONErrorCodes } from 'discord.js';
import { LocalError } from '../../actions/local-error.js';
import { PictureTooLargeError } from '../../domain/errors.js';
import type { RenderedPicture } from '../../painter/painter.js';

/** Each try may have half of the bytes of the one before. */
const MAX_TRIES = 4;

/**
 * Renders and sends a picture, smaller and smaller for as long as Discord finds it too large: what it says it takes is
 * not always what it takes.
 * @param maxBytes of the first try
 * @throws LocalError when the picture does not fit at all
 */
export async function sendFitting<T>(
  jobId: string,
  maxBytes: number,
  render: (maxBytes: number) => Promise<RenderedPicture>,
  send: (picture: RenderedPicture) => Promise<T>,
): Promise<T> {
  let allowedBytes = maxBytes;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    try {
      const picture = await render(allowedBytes);
      allowedBytes = Math.min(allowedBytes, picture.png.byteLength) / 2;
      return await send(picture);
    } catch (error) {
      if (error instanceof PictureTooLargeError) {
        break;
      }
      if (!isTooLarge(error)) {
        throw error;
      }
    }
  }
  throw new LocalError('too_large_to_send', (t) => t('error.tooLargeToSend', { job: jobId }));
}

/** Discord says the request is too large: by its own code or by the bare status. */
function isTooLarge(error: unknown): boolean {
  if (error instanceof DiscordAPIError && error.code === RESTJSONErrorCodes.RequestEntityTooLarge) {
    return true;
  }
  return (error instanceof DiscordAPIError || error instanceof HTTPError) && error.status === 413;
}
