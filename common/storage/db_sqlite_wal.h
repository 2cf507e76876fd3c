/* db_sqlite_wal.h - a SQLite VFS that writes a write-ahead log in large pieces. SQLite writes each
 * frame of it in two calls (24 bytes and a page), some four a payment; here they gather in memory
 * until SQLite syncs the file or looks at it. For db_sqlite_connect.c alone. */
#ifndef STORAGE_DB_SQLITE_WAL_H
#define STORAGE_DB_SQLITE_WAL_H

/* The name of the VFS, registered at the first call. It stands on SQLite's default VFS and leaves
 * every other file to it. Any thread. */
const char *db_sqlite_wal_vfs(void);

#endif
