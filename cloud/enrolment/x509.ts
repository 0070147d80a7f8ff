/** The X.509 library, with what must stand before it is loaded. */
import 'reflect-metadata';

export * from '@peculiar/x509';
