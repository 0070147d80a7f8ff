/** The X.509 library, with what must be loaded before it. */
import 'reflect-metadata';

export * from '@peculiar/x509';
