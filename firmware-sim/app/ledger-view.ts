/** What the ledger says, read through the public API as any client would. */
export interface LedgerViewEvent {
  readonly gateway: string;
  readonly lane: string;
  readonly seq: number;
  readonly type: string;
  readonly readPoint: string | null;
  readonly occurredAt: string;
  readonly body: Record<string, unknown>;
}

export interface LedgerView {
  readonly events: LedgerViewEvent[];
  readonly objects: {
    epc: string;
    location: string | null;
    gtin: string | null;
    lot: string | null;
    onHold: boolean;
  }[];
  readonly stock: {
    gtin: string | null;
    lot: string | null;
    location: string;
    objects: number;
    netMilligrams: number | null;
  }[];
  readonly exceptions: {
    id: string;
    kind: string;
    status: string;
    subject: string;
    readPoint: string | null;
  }[];
  readonly holds: { exceptionId: string; epc: string; status: string }[];
  readonly shipments: {
    id: string;
    status: string;
    expected: number;
    actual: number;
    unexpected: unknown[];
  }[];
}

const PAGE = 1000;

export interface LedgerClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
}

export function ledgerClient(baseUrl: string, token: string): LedgerClient {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
  };
}

export async function readLedger(client: LedgerClient): Promise<LedgerView> {
  const all = async <T>(path: string, query: Record<string, string> = {}): Promise<T[]> => {
    const items: T[] = [];
    let after: string | null = null;
    do {
      const search = new URLSearchParams({ ...query, ...(after === null ? {} : { after }) });
      const page: { items: T[]; next: string | null } = await client.get(`${path}?${search}`);
      items.push(...page.items);
      after = page.next;
    } while (after !== null);
    return items;
  };
  const limit = String(PAGE);
  return {
    events: (
      await Promise.all(
        ['receipt', 'dispatch', 'passage', 'weighing'].map((type) =>
          all<LedgerViewEvent>('/api/v1/events', { type, limit }),
        ),
      )
    ).flat(),
    objects: await all('/api/v1/objects', { limit }),
    stock: await all('/api/v1/stock'),
    exceptions: await all('/api/v1/exceptions'),
    holds: await all('/api/v1/holds'),
    shipments: await all('/api/v1/shipments'),
  };
}
