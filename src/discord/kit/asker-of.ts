import { type AutocompleteInteraction, PermissionFlagsBits, type PermissionsBitField } from 'discord.js';
import { type Ask, settingsOf } from '../../actions/ask.js';
import type { Asker } from '../../domain/asker.js';
import type { JobOrigin } from '../../domain/job.js';
import type { Store } from '../../store/store.js';
import type { Answerable } from './context.js';
import { missingPermissions } from './missing-permissions.js';

/** Who sent an interaction, from where. */
export function askerOf(interaction: Answerable | AutocompleteInteraction): Asker {
  const { channel } = interaction;
  const inThread = channel?.isThread() ?? false;
  return {
    guildId: interaction.guildId,
    channelId: interaction.channelId ?? '',
    parentChannelId: inThread && channel !== null && 'parentId' in channel ? channel.parentId : null,
    inThread,
    userId: interaction.user.id,
    roleIds: roleIdsOf(interaction.member),
    ...powersOf(interaction.memberPermissions),
    // A direct message has none to give.
    missingPermissions: missingPermissions(
      interaction.guildId === null ? null : interaction.appPermissions.bitfield,
      inThread ? 'thread' : 'channel',
    ),
    locale: interaction.locale,
  };
}

/** A member's permissions → what we let them do. In direct messages there are none. */
export function powersOf(permissions: Readonly<PermissionsBitField> | null): Pick<Asker, 'isModerator' | 'mayDelete'> {
  const isModerator = permissions?.has(PermissionFlagsBits.ManageGuild) ?? false;
  return { isModerator, mayDelete: isModerator || (permissions?.has(PermissionFlagsBits.ManageMessages) ?? false) };
}

/** A wish: who, where the answer goes, and the settings there. */
export function askOf(store: Pick<Store, 'settings'>, interaction: Answerable): Ask {
  const asker = askerOf(interaction);
  return { asker, origin: originOf(interaction), settings: settingsOf(store, asker.guildId) };
}

/** Where a job made by this interaction answers to. */
function originOf(interaction: Answerable): JobOrigin {
  return {
    guildId: interaction.guildId,
    channelId: interaction.channelId ?? '',
    userId: interaction.user.id,
    locale: interaction.locale,
    interactionId: interaction.id,
    interactionToken: interaction.token,
    applicationId: interaction.applicationId,
  };
}

function roleIdsOf(member: Answerable['member']): readonly string[] {
  if (member === null) {
    return [];
  }
  return Array.isArray(member.roles) ? member.roles : [...member.roles.cache.keys()];
}
