import {
  ActionRowBuilder,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  AttachmentBuilder,
  type BaseInteraction,
  ButtonBuilder,
  ButtonStyle,
  Client,
  type ClientOptions,
  Events,
  GatewayIntentBits,
  ModalBuilder,
  Partials,
  PermissionFlagsBits,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import type { PlaygroundServer } from '../src/server.js';

/** A 1×1 PNG. */
export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const COMMANDS = [
  {
    name: 'echo',
    description: 'Says it again',
    nameLocalizations: { de: 'echo' },
    descriptionLocalizations: { de: 'Sagt es noch einmal' },
    options: [
      {
        type: ApplicationCommandOptionType.String,
        name: 'text',
        description: 'What to say',
        required: true,
        maxLength: 1000,
      },
      { type: ApplicationCommandOptionType.Integer, name: 'count', description: 'How often', minValue: 1, maxValue: 4 },
      { type: ApplicationCommandOptionType.String, name: 'style', description: 'How', autocomplete: true },
      { type: ApplicationCommandOptionType.Attachment, name: 'file', description: 'Comes back' },
      {
        type: ApplicationCommandOptionType.String,
        name: 'mode',
        description: 'Which way',
        choices: [
          { name: 'Secret', value: 'secret' },
          { name: 'Slow', value: 'slow' },
          { name: 'Never', value: 'never' },
        ],
      },
    ],
  },
  {
    name: 'settings',
    description: 'For moderators',
    defaultMemberPermissions: PermissionFlagsBits.ManageGuild,
    options: [
      {
        type: ApplicationCommandOptionType.Subcommand,
        name: 'set',
        description: 'Sets a thing',
        options: [
          { type: ApplicationCommandOptionType.Integer, name: 'value', description: 'To what', required: true },
        ],
      },
    ],
  },
  { name: 'Repeat this', type: ApplicationCommandType.Message },
] as const;

/** A small real discord.js bot that touches everything the playground speaks. */
export class EchoBot {
  readonly client: Client<true>;
  /** Everything that went wrong in a handler. */
  readonly errors: unknown[] = [];
  readonly seen: string[] = [];

  constructor(server: PlaygroundServer, options: Partial<ClientOptions> = {}) {
    this.client = new Client({
      intents: [
        GatewayIntentBits.Guilds,
        GatewayIntentBits.GuildMessageReactions,
        GatewayIntentBits.DirectMessageReactions,
      ],
      partials: [Partials.Message, Partials.Channel, Partials.Reaction, Partials.User],
      allowedMentions: { parse: [] },
      rest: { api: server.apiUrl },
      ...options,
    });
    this.client.on(Events.InteractionCreate, (interaction) => {
      this.seen.push(interaction.id);
      this.#answer(interaction).catch((error: unknown) => this.errors.push(error));
    });
    this.client.on(Events.MessageReactionAdd, (reaction, user) => {
      if (user.id === this.client.user.id) {
        return;
      }
      reaction.message
        .fetch()
        .then((message) => message.reply(`${user.id} put ${reaction.emoji.name} on "${message.content}"`))
        .catch((error: unknown) => this.errors.push(error));
    });
  }

  async start(server: PlaygroundServer): Promise<void> {
    const ready = new Promise<void>((resolve) => this.client.once(Events.ClientReady, () => resolve()));
    await this.client.login(server.botToken);
    await ready;
  }

  async register(): Promise<void> {
    await this.client.application.commands.set([...COMMANDS].map((command) => ({ ...command })) as never);
  }

  async #answer(interaction: BaseInteraction): Promise<void> {
    if (interaction.isAutocomplete()) {
      const typed = interaction.options.getFocused();
      return interaction.respond(
        ['plain', 'loud'].filter((name) => name.startsWith(typed)).map((name) => ({ name, value: name })),
      );
    }
    if (interaction.isMessageContextMenuCommand()) {
      await interaction.reply({ content: `again: ${interaction.targetMessage.content}` });
    }
    if (interaction.isChatInputCommand() && interaction.commandName === 'settings') {
      await interaction.reply({
        content: `set to ${interaction.options.getInteger('value', true)}`,
        flags: 'Ephemeral',
      });
    }
    if (interaction.isChatInputCommand() && interaction.commandName === 'echo') {
      const text = interaction.options.getString('text', true);
      const mode = interaction.options.getString('mode');
      if (mode === 'never') {
        return;
      }
      if (mode === 'secret') {
        await interaction.reply({ content: text, flags: 'Ephemeral' });
        return;
      }
      await interaction.deferReply();
      await interaction.editReply({ content: `${text} …` });
      const upload = interaction.options.getAttachment('file');
      const bytes = upload ? Buffer.from(await (await fetch(upload.url)).arrayBuffer()) : PIXEL;
      const file = new AttachmentBuilder(bytes, { name: 'picture.png', description: 'A picture' });
      await interaction.editReply({ content: text, files: [file], components: [buttons(), menu()] });
    }
    if (interaction.isButton()) {
      if (interaction.customId === 'edit') {
        await interaction.showModal(
          new ModalBuilder()
            .setCustomId('form')
            .setTitle('Edit')
            .addComponents(
              new ActionRowBuilder<TextInputBuilder>().addComponents(
                new TextInputBuilder()
                  .setCustomId('text')
                  .setLabel('Text')
                  .setStyle(TextInputStyle.Short)
                  .setValue(interaction.message.content),
              ),
            ),
        );
      } else if (interaction.customId === 'again') {
        await interaction.deferUpdate();
        await interaction.followUp({ content: 'again!' });
      } else if (interaction.customId === 'hush') {
        await interaction.reply({ content: 'hush', flags: 'Ephemeral' });
      } else {
        await interaction.message.delete();
      }
    }
    if (interaction.isStringSelectMenu()) {
      await interaction.update({ content: `chose ${interaction.values.join()}` });
    }
    if (interaction.isModalSubmit()) {
      await interaction.reply({ content: `now: ${interaction.fields.getTextInputValue('text')}` });
    }
  }
}

function buttons(): ActionRowBuilder<ButtonBuilder> {
  const button = (id: string, label: string, style = ButtonStyle.Secondary) =>
    new ButtonBuilder().setCustomId(id).setLabel(label).setStyle(style);
  return new ActionRowBuilder<ButtonBuilder>().addComponents(
    button('again', 'Again').setEmoji('🔁'),
    button('edit', 'Edit', ButtonStyle.Primary),
    button('hush', 'Hush'),
    button('delete', 'Delete', ButtonStyle.Danger),
  );
}

function menu(): ActionRowBuilder<StringSelectMenuBuilder> {
  return new ActionRowBuilder<StringSelectMenuBuilder>().addComponents(
    new StringSelectMenuBuilder()
      .setCustomId('menu')
      .setPlaceholder('Choose one')
      .addOptions({ label: 'One', value: '1' }, { label: 'Two', value: '2', emoji: '🎨' }),
  );
}
