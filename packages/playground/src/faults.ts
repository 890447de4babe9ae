/** A failure that a test asks for on the next matching requests. */
export interface Fault {
  /** `POST`, `PATCH`, …; absent: any. */
  readonly method?: string;
  /** Part of the route as in the table (`/messages/:messageId`) or an expression; absent: any. */
  readonly route?: string | RegExp;
  /** How many requests fail; default 1. */
  readonly times?: number;
  /** `reset` cuts the connection; otherwise the answer's status and Discord's JSON code. */
  readonly answer:
    | 'reset'
    | { readonly status: number; readonly code?: number; readonly message?: string; readonly retryAfterMs?: number };
  /** Carry the request out first and lose only its answer, as when a connection breaks too late. */
  readonly afterEffect?: boolean;
  /** Waits before answering. */
  readonly delayMs?: number;
}

export interface InjectedFault extends Fault {
  left: number;
  hits: number;
}

/** Failures waiting for requests. */
export class FaultBox {
  readonly #faults: InjectedFault[] = [];

  /** @returns the fault with a live count of how often it struck */
  add(fault: Fault): Readonly<InjectedFault> {
    const injected = { ...fault, left: fault.times ?? 1, hits: 0 };
    this.#faults.push(injected);
    return injected;
  }

  clear(): void {
    this.#faults.length = 0;
  }

  take(method: string, route: string): InjectedFault | undefined {
    const fault = this.#faults.find((one) => {
      if (one.left <= 0 || (one.method && one.method !== method)) {
        return false;
      }
      return typeof one.route === 'string' ? route.includes(one.route) : (one.route?.test(route) ?? true);
    });
    if (!fault) {
      return undefined;
    }
    fault.left -= 1;
    fault.hits += 1;
    return fault;
  }
}
