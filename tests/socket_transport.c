/* socket_transport.c: in: pieces for other ranks.  out: the same in their memory. Each pair of ranks has one connection;
 * what goes over it keeps its order, and is written and read as far as it goes, so that two ranks that write to each
 * other never wait for each other. */
#include "socket_transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
    fprintf(stderr, "sockets: %s: %s\n", what, strerror(errno));
    exit(3);
}

/* ---- connections ---- */

void socket_ports_open(struct socket_ports *ports, int ranks)
{
    *ports = (struct socket_ports){ .ranks = ranks };
    for (int rank = 0; rank < ranks; rank++) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof address;
        int listening = socket(AF_INET, SOCK_STREAM, 0);
        if (listening < 0 || bind(listening, (struct sockaddr *)&address, length) || listen(listening, ranks) ||
            getsockname(listening, (struct sockaddr *)&address, &length))
            fail("no port");
        ports->listening[rank] = listening;
        ports->port[rank] = ntohs(address.sin_port);
    }
}

void socket_ports_close(struct socket_ports *ports)
{
    for (int rank = 0; rank < ports->ranks; rank++)
        close(ports->listening[rank]);
}

static void add_peer(struct socket_mesh *mesh, int rank, int connection)
{
    const int one = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(connection, F_SETFL, fcntl(connection, F_GETFL) | O_NONBLOCK);
    mesh->peer[rank].socket = connection;
}

static void connect_all(struct socket_mesh *mesh, const struct socket_ports *ports)
{
    for (int rank = 0; rank < mesh->rank; rank++) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                       .sin_port = htons((uint16_t)ports->port[rank]) };
        int connection = socket(AF_INET, SOCK_STREAM, 0);
        if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) ||
            write(connection, &mesh->rank, sizeof mesh->rank) != sizeof mesh->rank)
            fail("no connection");
        add_peer(mesh, rank, connection);
    }
    for (int others = mesh->rank + 1; others < mesh->ranks; others++) {
        int who, connection = accept(ports->listening[mesh->rank], NULL, NULL);
        if (connection < 0 || recv(connection, &who, sizeof who, MSG_WAITALL) != sizeof who)
            fail("nobody connects");
        add_peer(mesh, who, connection);
    }
}

/* ---- bytes ---- */

static void put(struct socket_bytes **list, void *bytes, size_t count)
{
    while (*list)
        list = &(*list)->next;
    if (count) {
        *list = malloc(sizeof **list);
        **list = (struct socket_bytes){ bytes, count, NULL };
    }
}

/* As much of the first piece as goes now. Returns 0 if the peer is gone. */
static int move(struct socket_mesh *mesh, int rank, struct socket_bytes **list, int out)
{
    struct socket_bytes *first = *list;
    ssize_t moved = out ? send(mesh->peer[rank].socket, first->at, first->left, MSG_NOSIGNAL)
                        : recv(mesh->peer[rank].socket, first->at, first->left, 0);
    if (moved < 0 && (errno == EAGAIN || errno == EINTR))
        return 1;
    if (moved <= 0)
        return 0;
    mesh->sent += out ? (size_t)moved : 0;
    first->at += moved;
    first->left -= (size_t)moved;
    if (!first->left) {
        *list = first->next;
        free(first);
    }
    return 1;
}

static int lose(struct socket_mesh *mesh, int rank)
{
    mesh->lost = rank;
    snprintf(mesh->why, sizeof mesh->why, "rank %d is gone", rank);
    return -1;
}

/* Until nothing is on its way. */
static int settle(struct socket_mesh *mesh)
{
    for (;;) {
        struct pollfd waiting[SOCKET_RANKS_MAX];
        int of[SOCKET_RANKS_MAX], count = 0;
        for (int rank = 0; rank < mesh->ranks; rank++) {
            struct socket_peer *peer = &mesh->peer[rank];
            if (!peer->out && !peer->in)
                continue;
            of[count] = rank;
            waiting[count++] = (struct pollfd){ peer->socket, (short)((peer->out ? POLLOUT : 0) | (peer->in ? POLLIN : 0)), 0 };
        }
        if (!count)
            return 0;
        if (poll(waiting, (nfds_t)count, -1) < 0 && errno != EINTR)
            fail("poll");
        for (int i = 0; i < count; i++) {
            struct socket_peer *peer = &mesh->peer[of[i]];
            int gone = waiting[i].revents & (POLLERR | POLLNVAL);
            if (!gone && peer->in && waiting[i].revents & (POLLIN | POLLHUP))
                gone = !move(mesh, of[i], &peer->in, 0);
            if (!gone && peer->out && waiting[i].revents & POLLOUT)
                gone = !move(mesh, of[i], &peer->out, 1);
            if (gone)
                return lose(mesh, of[i]);
        }
    }
}

/* ---- the transport ---- */

static int reduce(void *context, const struct lstmc_piece *sent, int sent_count, const struct lstmc_piece *received,
                  int received_count)
{
    struct socket_mesh *mesh = context;
    for (int i = 0; i < sent_count; i++) {
        put(&mesh->peer[sent[i].rank].out, sent[i].bytes, sent[i].count);
        mesh->reduced += sent[i].count;
    }
    for (int i = 0; i < received_count; i++)
        put(&mesh->peer[received[i].rank].in, received[i].bytes, received[i].count);
    return 0;
}

static int finish(void *context)
{
    return settle(context);
}

static int gather(void *context, void *bytes, const size_t *first)
{
    struct socket_mesh *mesh = context;
    for (int rank = 0; rank < mesh->ranks; rank++) {
        if (rank == mesh->rank)
            continue;
        put(&mesh->peer[rank].out, (char *)bytes + first[mesh->rank], first[mesh->rank + 1] - first[mesh->rank]);
        put(&mesh->peer[rank].in, (char *)bytes + first[rank], first[rank + 1] - first[rank]);
    }
    return settle(mesh);
}

static int barrier(void *context)
{
    struct socket_mesh *mesh = context;
    char here[SOCKET_RANKS_MAX];
    size_t first[SOCKET_RANKS_MAX + 1];
    for (int rank = 0; rank <= mesh->ranks; rank++)
        first[rank] = (size_t)rank;
    return gather(mesh, here, first);
}

static const char *why(void *context)
{
    const struct socket_mesh *mesh = context;
    return mesh->lost >= 0 ? mesh->why : NULL;
}

void socket_mesh_open(struct socket_mesh *mesh, struct socket_ports *ports, int rank, struct lstmc_transport *transport)
{
    *mesh = (struct socket_mesh){ .rank = rank, .ranks = ports->ranks, .lost = -1 };
    connect_all(mesh, ports);
    socket_ports_close(ports);
    *transport = (struct lstmc_transport){ rank, ports->ranks, mesh, reduce, finish, gather, barrier, why };
}

void socket_mesh_close(struct socket_mesh *mesh)
{
    for (int rank = 0; rank < mesh->ranks; rank++)
        if (rank != mesh->rank)
            close(mesh->peer[rank].socket);
}
