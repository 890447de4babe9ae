import { textOf } from '@tessera/playground';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventually, gate, imagine, isFinished, jobUnder, openStage, type Stage, settled } from './harness.js';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const isPainting = (message: { content: string }) => message.content.includes('🎨');
/** Nothing more is edited until painting goes on. */
const isHalfPainted = (message: { attachments: readonly { filename: string }[] }) =>
  message.attachments.some(({ filename }) => filename === 'preview.png');
const passed = (ms: number) => {
  stage.clockAheadMs += ms;
};
const ada = () => stage.driver.user('ada').id;
/** Time for whatever is under way. */

describe('a restart between asking and painting', () => {
  it('tells members, takes the jobs up again, and edits the same messages', async () => {
    gate(stage.painter);
    const painting = stage.driver.slash('imagine', { prompt: 'was being painted' });
    await painting.reply(isPainting);
    const waiting = stage.driver.slash('imagine', { prompt: 'was waiting' }, { as: 'ben' });
    await waiting.reply((message) => message.content.includes('⏳'));
    let told = '';
    await stage.restart({
      whileDown: async () => {
        told = painting.current()?.content ?? '';
        stage.painter.gate = undefined;
      },
    });
    expect(told).toMatch(/Interrupted by a restart/);
    expect(textOf(await painting.reply(isFinished))).toContain('was being painted');
    expect(textOf(await waiting.reply(isFinished))).toContain('was waiting');
    expect(stage.driver.messages().filter((message) => isFinished(message))).toHaveLength(2);
  });

  it('sends what was painted but never shown', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'nearly' });
    const message = await trace.reply(isPainting);
    const { id } = jobUnder(stage, message);
    // The old process paints to the end and dies before it can say so.
    stage.driver.fail({ method: 'PATCH', times: 1000, answer: 'reset' });
    open();
    await eventually(() => stage.store.jobs.get(id)?.status === 'completed', 'painted');
    await stage.restart({ graceMs: 10, whileDown: () => stage.driver.clearFaults() });
    expect((await trace.reply(isFinished)).id).toBe(message.id);
  });
});

describe('an interaction token that has died', () => {
  it('sends the pictures to the channel, pinging the requester alone, with live controls', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: '@everyone slow' });
    const first = await trace.reply(isPainting);
    stage.driver.ageTokens(16 * MINUTE_MS);
    stage.clockAheadMs = 16 * MINUTE_MS;
    open();
    const late = await stage.driver.waitForMessage(isFinished, { after: first });
    expect(late.content).toContain('your pictures are ready');
    expect(late.mentions.map(({ id }) => id)).toEqual([ada()]);
    expect(late.mention_everyone).toBe(false);
    const old = await stage.driver.waitForEdit(first, (message) => message.content.includes('further down'));
    expect(old.content).toContain(late.id);
    const job = jobUnder(stage, late);
    await eventually(
      () => stage.store.jobs.getByMessage(late.channel_id, late.id) !== undefined,
      'the new message is known',
    );
    stage.clockAheadMs = 0;
    await stage.driver.pressButton(late, `t1:reroll:${job.id}`).reply(isFinished);
  });

  it('is noticed when only Discord knows (clocks that differ)', async () => {
    const open = gate(stage.painter);
    const first = await stage.driver.slash('imagine', { prompt: 'slow' }).reply(isPainting);
    stage.driver.ageTokens(16 * MINUTE_MS);
    open();
    const late = await stage.driver.waitForMessage(isFinished, { after: first });
    expect(late.mentions.map(({ id }) => id)).toEqual([ada()]);
  });

  it('after a restart too', async () => {
    gate(stage.painter);
    const first = await stage.driver.slash('imagine', { prompt: 'slow' }).reply(isPainting);
    await stage.restart({
      whileDown: () => {
        stage.driver.ageTokens(16 * MINUTE_MS);
        stage.clockAheadMs = 16 * MINUTE_MS;
        stage.painter.gate = undefined;
      },
    });
    const late = await stage.driver.waitForMessage(isFinished, { after: first });
    expect(late.mentions.map(({ id }) => id)).toEqual([ada()]);
  });
});

describe('permissions', () => {
  it.each(['AttachFiles', 'EmbedLinks', 'SendMessages', 'ViewChannel'] as const)(
    'without %s nothing is painted, and the member is told why',
    async (permission) => {
      stage.driver.denyBot([permission]);
      const reply = await stage.driver.slash('imagine', { prompt: 'x' }).reply();
      expect(reply.content).toMatch(
        /has to give me in this channel: .*(Attach Files|Embed Links|Send Messages|View Channel)/,
      );
      expect(stage.painter.requests).toEqual([]);
      expect(stage.store.jobs.counts()).toMatchObject({ waiting: 0, active: 0, completed: 0 });
    },
  );

  it('in a thread ask for the thread’s own permission', async () => {
    const thread = stage.driver.thread('sketches');
    await imagine(stage, 'in a thread', { channel: thread });
    stage.driver.denyBot(['SendMessagesInThreads']);
    const reply = await stage.driver.slash('imagine', { prompt: 'x' }, { channel: thread }).reply();
    expect(reply.content).toContain('Send Messages in Threads');
  });

  it('taken away while painting: the pictures are kept and the requester is told privately', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'x' });
    const job = jobUnder(stage, await trace.reply(isPainting));
    stage.driver.denyBot(['ViewChannel', 'SendMessages']);
    stage.driver.ageTokens(16 * MINUTE_MS);
    open();
    const told = await stage.driver.waitForMessage((message) => message.content.includes(job.id), {
      channel: stage.driver.dm('ada'),
    });
    expect(told.content).toMatch(/Nothing is lost: `\/show job:/);
    stage.driver.denyBot([]);
    await stage.driver.slash('show', { job: job.id }).reply(isFinished);
  });
});

describe('direct messages', () => {
  it('work, late answers included', async () => {
    const channel = stage.driver.dm('ben');
    await imagine(stage, 'in private', { as: 'ben', channel });
    const open = gate(stage.painter);
    const first = await stage.driver.slash('imagine', { prompt: 'slow' }, { as: 'ben', channel }).reply(isPainting);
    stage.driver.ageTokens(16 * MINUTE_MS);
    open();
    await stage.driver.waitForMessage(isFinished, { as: 'ben', channel, after: first });
  });

  it('that were closed lose nothing', async () => {
    const channel = stage.driver.dm('ben');
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'slow' }, { as: 'ben', channel });
    const { id } = jobUnder(stage, await trace.reply(isPainting));
    stage.driver.user('ben').dmsClosed = true;
    stage.driver.ageTokens(16 * MINUTE_MS);
    open();
    await eventually(
      () => stage.events.some((event) => event.kind === 'delivered' && event.via === 'nowhere'),
      'given up',
    );
    expect(stage.store.jobs.get(id)?.status).toBe('completed');
    await stage.driver.slash('show', { job: id }, { as: 'ben', channel }).reply(isFinished);
  });
});

describe('deletions while a job is under way', () => {
  it('of the message: told to the requester alone', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'x' });
    const message = await trace.reply(isPainting);
    const { id } = jobUnder(stage, message);
    stage.driver.deleteMessage(message);
    open();
    const told = await trace.followUp();
    expect(told.flags & 64).toBe(64);
    expect(told.content).toContain(`/show job:${id}`);
    await stage.driver.slash('show', { job: id }).reply(isFinished);
  });

  it('of the channel: told in a direct message', async () => {
    const channel = stage.driver.world.addChannel(stage.driver.world.home.guild, 'doomed');
    const open = gate(stage.painter);
    const { id } = jobUnder(stage, await stage.driver.slash('imagine', { prompt: 'x' }, { channel }).reply(isPainting));
    stage.driver.deleteChannel(channel);
    open();
    const dm = { channel: stage.driver.dm('ada') };
    await stage.driver.waitForMessage((message) => message.content.includes(id), dm);
    await stage.driver.slash('show', { job: id }).reply(isFinished);
  });

  it('of the job: its pictures are not posted', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'x' });
    const { id } = jobUnder(stage, await trace.reply(isPainting));
    stage.store.jobs.markDeleted(id);
    open();
    await eventually(() => stage.store.jobs.get(id)?.status === 'completed', 'painted');
    await settled(stage);
    expect(trace.current()?.attachments.some(({ filename }) => filename.startsWith('tessera-'))).toBe(false);
  });
});

describe('pictures that are too large', () => {
  it.each([{ status: 413, code: 40005 }, { status: 413 }])('are re-encoded smaller after %j', async (answer) => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'big' });
    await trace.reply(isHalfPainted);
    stage.driver.fail({ method: 'PATCH', times: 2, answer });
    open();
    await trace.reply(isFinished);
    const allowed = stage.painter.renders.slice(-3).map(({ maxBytes }) => maxBytes ?? 0);
    expect(allowed[1]).toBeLessThan((allowed[0] ?? 0) * 0.6);
    expect(allowed[2]).toBeLessThan((allowed[1] ?? 0) * 0.6);
  });

  it('are re-encoded smaller for U and /show too', async () => {
    const { message, job } = await imagine(stage, 'big');
    const tooLarge = { method: 'PATCH', times: 2, answer: { status: 413, code: 40005 } } as const;
    stage.driver.fail(tooLarge);
    await stage.driver.pressButton(message, `t1:upscale:${job.id}:0`).reply(isFinished);
    stage.driver.fail(tooLarge);
    await stage.driver.slash('show', { job: job.id }).reply(isFinished);
  });

  it('respect the place’s own limit from the start', async () => {
    await stage.close();
    stage = await openStage({ limits: { attachmentBytes: 200_000 } });
    stage.painter.paddingBytes = 5_000_000;
    const { message } = await imagine(stage, 'big');
    expect(message.attachments[0]?.size).toBeLessThanOrEqual(200_000);
  });

  it('that do not fit at all are still reported', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'big' });
    await trace.reply(isHalfPainted);
    stage.driver.fail({ method: 'PATCH', times: 4, answer: { status: 413, code: 40005 } });
    open();
    expect((await trace.reply((message) => message.content.includes('/show'))).content).toMatch(/do not fit/);
  });
});

describe('a network that fails', () => {
  it('delays the answer, but does not lose it', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'x' });
    await trace.reply(isHalfPainted);
    stage.driver.fail({ method: 'PATCH', times: 5, answer: { status: 503 } });
    open();
    await trace.reply(isFinished, 20_000);
  }, 30_000);

  it('for long does not lose it either, nor does a restart in the middle of it', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'x' });
    await trace.reply(isHalfPainted);
    // Each try of ours is four of discord.js.
    stage.driver.fail({ method: 'PATCH', times: 60, answer: { status: 503 } });
    open();
    await eventually(() => stage.logged.filter((line) => line.includes('stays owed')).length >= 4, 'it was tried');
    expect(stage.store.jobs.undelivered()).toHaveLength(1);
    await stage.restart();
    await trace.reply(isFinished, 20_000);
    await settled(stage);
    expect(stage.store.jobs.undelivered()).toEqual([]);
  }, 60_000);

  it('and a machine that was off for days: what was painted is shown', async () => {
    stage.driver.fail({ method: 'PATCH', times: 8, answer: { status: 503 } });
    stage.driver.slash('imagine', { prompt: 'x' });
    await eventually(() => stage.logged.some((line) => line.includes('stays owed')), 'it was tried');
    await stage.restart({ whileDown: () => passed(50 * HOUR_MS) });
    const late = await stage.driver.waitForMessage(isFinished);
    expect(late.mentions.map(({ id }) => id)).toEqual([ada()]);
  }, 60_000);

  it('in which hundreds of answers became due: all of them come', async () => {
    const { message, job } = await imagine(stage, 'first');
    await settled(stage);
    const { origin, prompt, style, count, seed, sizePx, sampling, pictures, embedding } = job;
    const wanted = 230;
    await stage.restart({
      whileDown: () => {
        for (let i = 0; i < wanted; i += 1) {
          const source = { kind: 'prompt' } as const;
          const wish = { source, parentJobId: null, prompt, style, count, seed, sizePx, sampling, embedding: null };
          const made = stage.store.jobs.insert({
            ...wish,
            origin: { ...origin, interactionId: `owed-${i}`, interactionToken: null },
          });
          stage.store.jobs.markActive(made.job.id);
          if (embedding !== null) {
            stage.store.jobs.complete(made.job.id, { embedding, pictures, paintMs: 1 });
          }
        }
      },
    });
    await eventually(() => stage.store.jobs.undelivered().length === 0, 'all were shown', 40_000);
    expect(stage.driver.messages().filter((seen) => isFinished(seen) && seen.id !== message.id)).toHaveLength(wanted);
  }, 60_000);

  it('that loses the "yes" to an answer, and a crash: it is not posted a second time', async () => {
    const markDelivered = vi.spyOn(stage.store.jobs, 'markDelivered').mockImplementation(() => {});
    await imagine(stage, 'shown once');
    await eventually(() => markDelivered.mock.calls.length > 0, 'it was to be written down');
    markDelivered.mockRestore();
    expect(stage.store.jobs.undelivered()).toHaveLength(1);
    await stage.restart({ whileDown: () => passed(HOUR_MS) });
    await eventually(() => stage.store.jobs.undelivered().length === 0, 'it was seen to be there');
    expect(stage.driver.messages().filter(isFinished)).toHaveLength(1);
  });

  it('whose token was reset: told by name, and what is owed is delivered with a good one', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'x' });
    await trace.reply(isHalfPainted);
    stage.driver.fail({ method: 'PATCH', answer: { status: 401 } });
    open();
    await eventually(() => stage.refusals.length > 0, 'it was told');
    expect(stage.refusals[0]?.message).toMatch(/DISCORD_TOKEN.*401/);
    expect(stage.store.jobs.undelivered()).toHaveLength(1);
    await stage.restart();
    await trace.reply(isFinished, 20_000);
  });

  it('that loses the acknowledgement: the job runs and goes to the channel', async () => {
    stage.driver.fail({ method: 'POST', route: 'callback', answer: { status: 404, code: 10062 } });
    stage.driver.slash('imagine', { prompt: 'unheard' });
    const late = await stage.driver.waitForMessage(isFinished);
    expect(late.mentions.map(({ id }) => id)).toEqual([ada()]);
  });

  it('that delivers an interaction twice: one job, one answer', async () => {
    const trace = stage.driver.slash('imagine', { prompt: 'once' });
    stage.driver.deliverAgain(trace);
    await trace.reply(isFinished);
    await stage.restart();
    stage.driver.deliverAgain(trace);
    await settled(stage);
    expect(stage.store.jobs.counts().completed).toBe(1);
    expect(stage.painter.requests).toHaveLength(1);
    expect(stage.driver.messages().filter(isFinished)).toHaveLength(1);
  });

  it('that closes the gateway and lets nobody in: not ready until it is back, one line in the log', async () => {
    expect(stage.bot.isReady).toBe(true);
    stage.driver.setGatewayOpen(false);
    stage.driver.dropGateway(4000);
    await eventually(() => !stage.bot.isReady, 'the loss was noticed');
    stage.driver.setGatewayOpen(true);
    await eventually(() => stage.bot.isReady, 'it was back');
    const lines = stage.logged.splice(0).filter((line) => line.includes('connection to Discord was lost'));
    expect(lines).toHaveLength(1);
    await imagine(stage, 'again');
  }, 60_000);

  it('that refuses the token for good: said by name', async () => {
    stage.driver.dropGateway(4004);
    await eventually(() => stage.refusals.length > 0, 'it was told');
    expect(stage.refusals[0]?.message).toMatch(/4004.*DISCORD_TOKEN/);
    expect(stage.bot.isReady).toBe(false);
  });

  it('that cuts the gateway: what happened meanwhile is answered', async () => {
    stage.driver.dropGateway('cut');
    await imagine(stage, 'while away');
  });
});

describe('a shutdown', () => {
  it('turns new wishes away kindly and lets painting finish', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'nearly done' });
    await trace.reply(isPainting);
    const stopping = stage.bot.stop(3000);
    const refused = await stage.driver.slash('imagine', { prompt: 'too late' }, { as: 'ben' }).reply();
    expect(refused.content).toMatch(/restarting/);
    open();
    await stopping;
    expect(isFinished(trace.current() as never)).toBe(true);
    expect(stage.bot.isReady).toBe(false);
  });
});
