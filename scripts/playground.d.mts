export interface PlaygroundProcess {
  readonly url: string;
  log(): string;
  workerPids(): number[];
  stop(): Promise<number | null>;
}

export function spawnPlayground(options: {
  readonly cli: string;
  readonly bundle: string;
  readonly folder: string;
  readonly threads?: number;
}): Promise<PlaygroundProcess>;
