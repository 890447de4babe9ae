import type { IncomingMessage } from 'node:http';

/** What was asked for. A path such as `//` names a host to a URL parser, and one without a name makes it throw. */
export function urlOf(request: Pick<IncomingMessage, 'url'>): URL {
  const path = (request.url ?? '').replace(/^\/*/, '/');
  return new URL(URL.canParse(path, 'http://playground') ? path : '/', 'http://playground');
}
