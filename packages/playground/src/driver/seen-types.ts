/** What a test reads from messages: the wire format, typed. */

interface SeenAttachment {
  readonly id: string;
  readonly filename: string;
  readonly url: string;
  readonly size: number;
  readonly content_type: string;
  readonly description?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface SeenComponent {
  readonly type: number;
  readonly id?: number;
  readonly custom_id?: string;
  readonly label?: string;
  readonly style?: number;
  readonly url?: string;
  readonly disabled?: boolean;
  readonly emoji?: { readonly id?: string; readonly name?: string };
  readonly placeholder?: string;
  readonly min_values?: number;
  readonly max_values?: number;
  readonly content?: string;
  readonly options?: readonly { readonly label: string; readonly value: string; readonly default?: boolean }[];
  readonly components?: readonly SeenComponent[];
  readonly accessory?: SeenComponent;
  readonly component?: SeenComponent;
  readonly items?: readonly { readonly media: { readonly url: string }; readonly description?: string }[];
}

interface SeenEmbed {
  readonly title?: string;
  readonly description?: string;
  readonly url?: string;
  readonly color?: number;
  readonly image?: { readonly url: string };
  readonly thumbnail?: { readonly url: string };
  readonly footer?: { readonly text: string };
  readonly author?: { readonly name: string };
  readonly fields?: readonly { readonly name: string; readonly value: string; readonly inline?: boolean }[];
}

export interface SeenMessage {
  readonly id: string;
  readonly type: number;
  readonly channel_id: string;
  readonly author: { readonly id: string; readonly username: string; readonly bot?: boolean };
  readonly content: string;
  readonly timestamp: string;
  readonly edited_timestamp: string | null;
  readonly mention_everyone: boolean;
  readonly mentions: readonly { readonly id: string }[];
  readonly mention_roles: readonly string[];
  readonly attachments: readonly SeenAttachment[];
  readonly embeds: readonly SeenEmbed[];
  readonly components: readonly SeenComponent[];
  readonly flags: number;
  readonly reactions?: readonly {
    readonly emoji: { readonly name: string };
    readonly count: number;
    readonly me: boolean;
  }[];
  readonly message_reference?: { readonly message_id: string };
  readonly interaction_metadata?: { readonly id: string; readonly user: { readonly id: string } };
}

/** All text of a message, embeds and text displays included: what a person would read. */
export function textOf(message: SeenMessage): string {
  const inside = (components: readonly SeenComponent[]): string[] =>
    components.flatMap((one) => [
      one.content ?? '',
      ...inside(one.components ?? []),
      ...inside(one.accessory ? [one.accessory] : []),
    ]);
  const embeds = message.embeds.flatMap((embed) => [
    embed.author?.name,
    embed.title,
    embed.description,
    ...(embed.fields ?? []).flatMap((field) => [field.name, field.value]),
    embed.footer?.text,
  ]);
  return [message.content, ...embeds, ...inside(message.components)].filter((text) => text).join('\n');
}

/** Every button and select of a message, in reading order. */
export function controlsOf(message: SeenMessage): SeenComponent[] {
  const inside = (component: SeenComponent): SeenComponent[] => [
    ...(component.custom_id === undefined ? [] : [component]),
    ...(component.components ?? []).flatMap(inside),
    ...(component.accessory ? inside(component.accessory) : []),
  ];
  return message.components.flatMap(inside);
}
