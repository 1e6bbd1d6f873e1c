/* socket_transport.h: an example of a transport of one's own: ranks that talk over sockets of the loopback interface, as
 * processes of this machine. */
#ifndef SOCKET_TRANSPORT_H
#define SOCKET_TRANSPORT_H

#include "runtime/lstmc_transport.h"

#include <stddef.h>

enum { SOCKET_RANKS_MAX = 16 };

/* Ports for so many ranks: before they become processes of their own. */
struct socket_ports {
    int ranks;
    int listening[SOCKET_RANKS_MAX], port[SOCKET_RANKS_MAX];
};

void socket_ports_open(struct socket_ports *ports, int ranks);
void socket_ports_close(struct socket_ports *ports);

/* What a call has put on its way to a peer, or expects of him. */
struct socket_bytes {
    char *at;
    size_t left;
    struct socket_bytes *next;
};

struct socket_peer {
    int socket;
    struct socket_bytes *out, *in;      /* in their order */
};

struct socket_mesh {
    int rank, ranks;
    struct socket_peer peer[SOCKET_RANKS_MAX];
    size_t sent, reduced;               /* bytes; of them by reduce */
    int lost;                           /* the rank that is gone; -1: none */
    char why[100];
};

/* Connects this rank with all others; each of them calls it. */
void socket_mesh_open(struct socket_mesh *mesh, struct socket_ports *ports, int rank, struct lstmc_transport *transport);
void socket_mesh_close(struct socket_mesh *mesh);

#endif
