/** What the ledger says, read through the public API as any client would. */
export interface LedgerEvent {
  readonly gateway: string;
  readonly lane: string;
  readonly seq: number;
  readonly type: string;
  readonly readPoint: string | null;
  readonly occurredAt: string;
  readonly body: Record<string, unknown>;
}

export interface LedgerView {
  readonly events: LedgerEvent[];
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
}

export function ledgerClient(baseUrl: string, token: string): LedgerClient {
  return {
    async get<T>(path: string): Promise<T> {
      const response = await fetch(new URL(path, baseUrl), { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
  };
}

export async function readLedger(client: LedgerClient): Promise<LedgerView> {
  const all = async <T>(path: string): Promise<T[]> => {
    const rows: T[] = [];
    for (;;) {
      const page = await client.get<T[]>(
        `${path}${path.includes('?') ? '&' : '?'}limit=${PAGE}&offset=${rows.length}`,
      );
      rows.push(...page);
      if (page.length < PAGE) return rows;
    }
  };
  return {
    events: (
      await Promise.all(
        ['receipt', 'dispatch', 'passage', 'weighing'].map((type) =>
          all<LedgerEvent>(`/api/v1/events?type=${type}`),
        ),
      )
    ).flat(),
    objects: await all('/api/v1/objects'),
    stock: await client.get('/api/v1/stock'),
    exceptions: await all('/api/v1/exceptions'),
    holds: await all('/api/v1/holds'),
    shipments: await client.get('/api/v1/shipments'),
  };
}
