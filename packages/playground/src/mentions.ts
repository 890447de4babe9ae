import type { MentionRules } from './validate/message.js';

export interface Mentions {
  readonly userIds: string[];
  readonly roleIds: string[];
  readonly everyone: boolean;
}

/**
 * Who a text really pings.
 * @param rules `allowed_mentions`; absent means that everything in the text pings
 * @param mayPingEveryone whether the author has MENTION_EVERYONE
 */
export function findMentions(
  content: string,
  rules: MentionRules | null | undefined,
  mayPingEveryone: boolean,
): Mentions {
  const found = (pattern: RegExp) => [...new Set([...content.matchAll(pattern)].map((match) => match[1] ?? ''))];
  const allowed = (kind: 'users' | 'roles', id: string) =>
    !rules || rules.parse?.includes(kind) || (rules[kind] ?? []).map(String).includes(id);
  return {
    userIds: found(/<@!?(\d{1,20})>/g).filter((id) => allowed('users', id)),
    roleIds: found(/<@&(\d{1,20})>/g).filter((id) => mayPingEveryone && allowed('roles', id)),
    everyone:
      mayPingEveryone && /@(everyone|here)\b/.test(content) && (!rules || (rules.parse?.includes('everyone') ?? false)),
  };
}
