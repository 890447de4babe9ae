/** What a command of `tessera` is, and the world it runs in. */

export interface Terminal {
  readonly stdin: NodeJS.ReadableStream;
  /** For results only. */
  readonly stdout: { write(text: string): unknown };
  /** For logs, progress and errors. */
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly cwd: string;
  /** Fires on Ctrl+C. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Printed by `tessera <command> --help`. */
  readonly help: string;
  /** Resolves with the exit code; input errors are thrown. */
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<number>;
}

export const EXIT = { done: 0, failure: 1, badInput: 2, interrupted: 130 } as const;
