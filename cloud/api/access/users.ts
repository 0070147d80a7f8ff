/** People and programs that use the API: a name, a role, the hash of a token. Nobody is deleted, only revoked. */
import type { Kysely } from 'kysely';
import { roleSchema, type User } from '../../contract/roles.ts';
import { hashToken, MAX_TOKEN_LENGTH, type NewToken } from '../../enrolment/tokens.ts';
import type { Tables } from '../../store/tables.ts';

const FIRST_ADMIN = 'admin';

/** The new user's token, which cannot be read again; undefined when the name is taken. */
export async function addUser(
  db: Kysely<Tables>,
  user: User,
  newToken: NewToken,
  now: number,
): Promise<string | undefined> {
  const token = newToken();
  const added = await db
    .insertInto('users')
    .values({ ...user, token_hash: hashToken(token), created_at: now, revoked_at: null })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('name')
    .executeTakeFirst();
  return added && token;
}

/** On a database without users: makes the first administrator and gives the token. Of several processes one wins. */
export async function makeFirstAdmin(
  db: Kysely<Tables>,
  newToken: NewToken,
  now: number,
): Promise<string | undefined> {
  const someone = await db.selectFrom('users').select('name').limit(1).executeTakeFirst();
  return someone ? undefined : await addUser(db, { name: FIRST_ADMIN, role: 'admin' }, newToken, now);
}

export async function findUserByToken(db: Kysely<Tables>, token: string): Promise<User | undefined> {
  if (token.length === 0 || token.length > MAX_TOKEN_LENGTH) return undefined;
  return trusted(
    await db
      .selectFrom('users')
      .select(['name', 'role'])
      .where('token_hash', '=', hashToken(token))
      .where('revoked_at', 'is', null)
      .executeTakeFirst(),
  );
}

export async function findUserByName(db: Kysely<Tables>, name: string): Promise<User | undefined> {
  return trusted(
    await db
      .selectFrom('users')
      .select(['name', 'role'])
      .where('name', '=', name)
      .where('revoked_at', 'is', null)
      .executeTakeFirst(),
  );
}

function trusted(row: { name: string; role: string } | undefined): User | undefined {
  return row && { name: row.name, role: roleSchema.parse(row.role) };
}
