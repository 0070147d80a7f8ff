import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../../test/support/databases.ts';
import { putGateway } from '../fleet/gateway-registry.ts';
import { verifyGateway } from '../fleet/verify-gateway.fixture.ts';
import type { Store } from '../store/database.ts';

const TOKEN = 'a-token-that-stands-in-a-file';

describe.each(databases())('a gateway put with a token from a file, on $name', ({ open }) => {
  let store: Store;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  it('may be put again with the same token, and no other gateway with it', async () => {
    await putGateway(store.db, 'gw-1', TOKEN, 1);
    await putGateway(store.db, 'gw-1', TOKEN, 2);
    await expect(putGateway(store.db, 'gw-2', TOKEN, 3)).rejects.toThrow(
      'the token of gateway gw-2 is the one of gateway gw-1',
    );
    await expect(verifyGateway(store.db, 'gw-1', TOKEN, 4)).resolves.toBe(true);
    await expect(verifyGateway(store.db, 'gw-2', TOKEN, 4)).resolves.toBe(false);
  });
});
