/* A load generator: keeps N connections busy with one request, and counts only inside a window.
 *
 * Each connection sends its next request when the reply to the last has ended (a closed loop): at 64 connections the
 * proxy is always busy and its CPU time per request is what is read; at one connection the time of a request is. With
 * --stream the upstream paces the frames, so that the proxy is not saturated and its CPU time per frame is read.
 *
 * The CPU clocks of the processes under --watch are read by this program, at the two edges of the window, because a
 * count and a CPU time divided by each other must come from the same window.
 *
 * usage: load --port N --body FILE [--path P] [--connections N] [--seconds S] [--warm-seconds S] [--stream]
 *             [--watch PID,PID,...] [--number TEXT]
 * Over TEXT, digits that stand once in the body, each request's number is written, so that no two are alike.
 * Prints one JSON object. Exit 1 if it cannot connect. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000ULL
#define READ_BYTES 65536
#define EVENTS 512
#define MOST_WATCHED 64

struct samples {
    uint32_t *values; /* nanoseconds; four seconds and more are one value */
    size_t count, capacity;
};

struct connection {
    int fd;
    bool busy, closes;
    uint64_t sent_at, first_frame_at;
    char *reply; /* always ends in a NUL that is not counted */
    size_t length, capacity, head, scanned;
    long body_length; /* -1: chunked, or until the end of the connection */
    int status;
    bool saw_done;
};

struct watched {
    pid_t pid;
    clockid_t clock;
    uint64_t at_opening, used;
};

static struct {
    int port, connections;
    const char *path, *body_file, *number;
    double seconds, warm_seconds;
    bool stream;
} settings = {.path = "/v1/chat/completions", .connections = 1, .seconds = 5, .warm_seconds = 1};

static struct {
    bool open, closed;
    uint64_t opened_at, closed_at, longest_pause;
    long requests, frames, refused, broken, reconnects;
    struct samples request_times, first_frame_times, frame_delays;
} window;

static struct watched watched[MOST_WATCHED];
static int watched_count, epoll_fd;
static char *request, *request_number; /* the latter where no two requests are alike */
static size_t request_length;
static unsigned long requests_sent;

/* ---- time and samples ---- */

static uint64_t read_clock(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

static uint64_t nanoseconds(void) { return read_clock(CLOCK_MONOTONIC); }

static void keep(struct samples *samples, uint64_t from, uint64_t to) {
    uint64_t value = to > from ? to - from : 0;
    if (!window.open) return;
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? 2 * samples->capacity : 65536;
        samples->values = realloc(samples->values, samples->capacity * sizeof *samples->values);
        if (!samples->values) abort();
    }
    samples->values[samples->count++] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static int ascending(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void print_percentiles(const char *name, struct samples *samples) {
    static const double wanted[] = {0.5, 0.9, 0.99};
    qsort(samples->values, samples->count, sizeof *samples->values, ascending);
    printf(", \"%s\": {\"count\": %zu", name, samples->count);
    for (size_t index = 0; index < 3 && samples->count; index++)
        printf(", \"p%.0f\": %.2f", wanted[index] * 100,
               samples->values[(size_t)(wanted[index] * (double)(samples->count - 1))] / 1000.0);
    printf("}");
}

/* ---- the window ---- */

static void open_window(void) {
    window.open = true;
    window.opened_at = nanoseconds();
    for (int index = 0; index < watched_count; index++) watched[index].at_opening = read_clock(watched[index].clock);
}

/* A process that has ended reads as zero: its time is lost, and the report must not be negative. */
static void close_window(void) {
    window.open = false;
    window.closed = true;
    window.closed_at = nanoseconds();
    for (int index = 0; index < watched_count; index++) {
        uint64_t now = read_clock(watched[index].clock);
        watched[index].used = now > watched[index].at_opening ? now - watched[index].at_opening : 0;
    }
}

static void watch(char *list) {
    for (char *pid = strtok(list, ","); pid && watched_count < MOST_WATCHED - 1; pid = strtok(NULL, ",")) {
        struct watched *one = &watched[watched_count++];
        one->pid = (pid_t)atoi(pid);
        if (!clock_getcpuclockid(one->pid, &one->clock)) continue;
        fprintf(stderr, "load: there is no process %s to watch\n", pid);
        exit(1);
    }
}

/* ---- connections ---- */

/* In as many digits as the text has that stands there. */
static void write_number(unsigned long number) {
    for (char *digit = request_number + strlen(settings.number); digit-- > request_number; number /= 10)
        *digit = (char)('0' + number % 10);
}

static void start(struct connection *connection) {
    connection->length = connection->head = connection->scanned = 0;
    connection->status = 0;
    connection->body_length = -1;
    connection->saw_done = connection->closes = false;
    connection->first_frame_at = 0;
    connection->busy = true;
    connection->sent_at = nanoseconds();
    if (request_number) write_number(++requests_sent);
    /* A request is far smaller than a socket's buffer, so that a short write is a failure like any other. */
    if (send(connection->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length && window.open)
        window.broken++;
}

static bool dial(struct connection *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)settings.port)};
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = connection};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address)) return false;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    return !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->fd, &interest);
}

static void redial(struct connection *connection) {
    close(connection->fd);
    if (window.open) window.reconnects++;
    if (!dial(connection)) {
        perror("load: cannot connect again");
        exit(1);
    }
}

/* Ends the exchange, and starts the next on the same connection. */
static void finish(struct connection *connection, bool whole) {
    bool good = whole && (!settings.stream || connection->saw_done);
    connection->busy = false;
    if (window.open && good && connection->status == 200) {
        window.requests++;
        keep(&window.request_times, connection->sent_at, nanoseconds());
    } else if (window.open) {
        *(good ? &window.refused : &window.broken) += 1;
    }
    if (connection->closes || !whole) redial(connection);
    start(connection);
}

/* ---- reading a reply ---- */

static void read_head(struct connection *connection) {
    char *end = memmem(connection->reply, connection->length, "\r\n\r\n", 4), *found;
    if (!end) return;
    *end = 0; /* so that the searches below stop at the head's end */
    connection->head = connection->scanned = (size_t)(end - connection->reply) + 4;
    connection->status = atoi(connection->reply + sizeof "HTTP/1.1");
    if ((found = strcasestr(connection->reply, "\r\ncontent-length:"))) connection->body_length = atol(found + 17);
    connection->closes = strcasestr(connection->reply, "\r\nconnection: close") != NULL;
}

/* The moment written into a token by the upstream, or 0. */
static uint64_t moment_of(const char *event, const char *end) {
    const char *token = memmem(event, (size_t)(end - event), "\"content\":\" t", 13);
    uint64_t moment = 0;
    if (!token || end - token < 30) return 0;
    for (int letter = 0; letter < 16; letter++) moment = moment << 4 | (uint64_t)((token[13 + letter] - 'a') & 15);
    return moment;
}

static void count_frame(struct connection *connection, const char *event, const char *end, uint64_t now) {
    uint64_t moment = moment_of(event, end);
    if (!memcmp(event, "data: [DONE]", 12)) connection->saw_done = true;
    if (window.open) window.frames++;
    if (moment) keep(&window.frame_delays, moment, now);
    if (!moment || connection->first_frame_at) return;
    connection->first_frame_at = now;
    keep(&window.first_frame_times, connection->sent_at, now);
}

/* Counts the events that have come whole. What HTTP wrote between them (the chunks' sizes) is skipped. */
static void scan(struct connection *connection, uint64_t now) {
    char *limit = connection->reply + connection->length;
    for (;;) {
        char *from = connection->reply + connection->scanned;
        char *event = memmem(from, (size_t)(limit - from), "data: ", 6);
        char *end = event ? memmem(event, (size_t)(limit - event), "\n\n", 2) : NULL;
        if (!end) return;
        count_frame(connection, event, end, now);
        connection->scanned = (size_t)(end - connection->reply) + 2;
    }
}

/* None of our chunks begins with CRLF, so these five bytes can only be the last chunk. */
static bool has_ended(const struct connection *connection) {
    size_t body = connection->length - connection->head;
    if (connection->body_length >= 0) return body >= (size_t)connection->body_length;
    return body >= 5 && !memcmp(connection->reply + connection->length - 5, "0\r\n\r\n", 5);
}

static void make_room(struct connection *connection) {
    if (connection->length + READ_BYTES + 1 <= connection->capacity) return;
    connection->capacity = 2 * (connection->length + READ_BYTES + 1);
    connection->reply = realloc(connection->reply, connection->capacity);
    if (!connection->reply) abort();
}

static void receive(struct connection *connection) {
    make_room(connection);
    ssize_t taken = recv(connection->fd, connection->reply + connection->length, READ_BYTES, 0);
    if (taken < 0 && errno == EAGAIN) return;
    if (taken <= 0) return finish(connection, false);
    connection->length += (size_t)taken;
    connection->reply[connection->length] = 0;
    if (!connection->head) read_head(connection);
    if (!connection->head) return;
    if (settings.stream) scan(connection, nanoseconds());
    if (has_ended(connection)) finish(connection, true);
}

/* ---- running ---- */

static struct timespec until(uint64_t moment) {
    uint64_t now = nanoseconds(), wait = moment > now ? moment - now : 0;
    return (struct timespec){.tv_sec = (time_t)(wait / NANOSECONDS), .tv_nsec = (long)(wait % NANOSECONDS)};
}

/* Streams that began together would all send in the same moment for ever: they begin one after another, spread over the
 * warm-up. Requests begin at once. */
static uint64_t start_of(int index, uint64_t beginning) {
    return beginning + (settings.stream ? (uint64_t)(settings.warm_seconds * 1e9 * index / settings.connections) : 0);
}

/* What happens next: the window's edge, another stream's start, or nothing for a tenth of a second. */
static uint64_t next_moment(uint64_t now, uint64_t edge, int started, uint64_t beginning) {
    uint64_t next = now + NANOSECONDS / 10;
    if (edge < next) next = edge;
    if (started < settings.connections && start_of(started, beginning) < next) next = start_of(started, beginning);
    return next;
}

/* We never wait longer than a tenth of a second. Where a turn of the loop took much longer, this machine stood still,
 * and what was measured is the machine. */
static void note_pause(uint64_t now) {
    static uint64_t last;
    if (last && now - last > window.longest_pause) window.longest_pause = now - last;
    last = now;
}

static void run(struct connection *connections) {
    struct epoll_event ready[EVENTS];
    uint64_t beginning = nanoseconds(), edge = beginning + (uint64_t)(settings.warm_seconds * 1e9);
    int started = 0;
    while (!window.closed) {
        uint64_t now = nanoseconds();
        note_pause(now);
        if (now >= edge) window.open ? close_window() : open_window();
        if (window.open) edge = window.opened_at + (uint64_t)(settings.seconds * 1e9);
        while (started < settings.connections && start_of(started, beginning) <= now) start(&connections[started++]);
        struct timespec wait = until(next_moment(now, edge, started, beginning));
        int count = epoll_pwait2(epoll_fd, ready, EVENTS, &wait, NULL);
        for (int index = 0; index < count; index++) receive(ready[index].data.ptr);
    }
}

static void print_report(void) {
    double seconds = (double)(window.closed_at - window.opened_at) / 1e9;
    printf("{\"seconds\": %.6f, \"requests\": %ld, \"frames\": %ld", seconds, window.requests, window.frames);
    printf(", \"longest_pause_seconds\": %.3f", (double)window.longest_pause / 1e9);
    printf(", \"refused\": %ld, \"broken\": %ld, \"reconnects\": %ld", window.refused, window.broken,
           window.reconnects);
    print_percentiles("request_us", &window.request_times);
    print_percentiles("first_frame_us", &window.first_frame_times);
    print_percentiles("frame_delay_us", &window.frame_delays);
    printf(", \"own_cpu_seconds\": %.6f, \"cpu_seconds\": {", (double)watched[watched_count - 1].used / 1e9);
    for (int index = 0; index < watched_count - 1; index++)
        printf("%s\"%d\": %.6f", index ? ", " : "", watched[index].pid, (double)watched[index].used / 1e9);
    printf("}}\n");
}

static void make_request(void) {
    static char body[1 << 20];
    FILE *file = settings.body_file ? fopen(settings.body_file, "rb") : NULL;
    if (!file) {
        perror("load: cannot read the body");
        exit(1);
    }
    size_t length = fread(body, 1, sizeof body, file);
    fclose(file);
    /* The headers of the openai client, which is who calls. */
    int head = asprintf(&request,
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: application/json\r\n"
                        "Content-Type: application/json\r\nUser-Agent: OpenAI/Python 2.8.0\r\n"
                        "Authorization: Bearer none\r\nX-Stainless-Lang: python\r\n"
                        "X-Stainless-Package-Version: 2.8.0\r\nContent-Length: %zu\r\n\r\n",
                        settings.path, settings.port, length);
    request = head < 0 ? NULL : realloc(request, (size_t)head + length);
    if (!request) abort();
    memcpy(request + head, body, length);
    request_length = (size_t)head + length;
    if (!settings.number) return;
    requests_sent = (unsigned long)nanoseconds(); /* so that another run has other numbers */
    request_number = memmem(request + head, length, settings.number, strlen(settings.number));
    if (!request_number) {
        fprintf(stderr, "load: the body does not hold the text of --number\n");
        exit(2);
    }
}

static void read_settings(int count, char **arguments) {
    static const struct option options[] = {
        {"port", 1, NULL, 'p'},        {"path", 1, NULL, 'u'},    {"body", 1, NULL, 'b'}, {"number", 1, NULL, 'n'},
        {"connections", 1, NULL, 'c'}, {"seconds", 1, NULL, 's'}, {"warm-seconds", 1, NULL, 'w'},
        {"stream", 0, NULL, 'f'},      {"watch", 1, NULL, 'o'},   {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) switch (option) {
            case 'p': settings.port = atoi(optarg); break;
            case 'u': settings.path = optarg; break;
            case 'b': settings.body_file = optarg; break;
            case 'n': settings.number = optarg; break;
            case 'c': settings.connections = atoi(optarg); break;
            case 's': settings.seconds = atof(optarg); break;
            case 'w': settings.warm_seconds = atof(optarg); break;
            case 'f': settings.stream = true; break;
            case 'o': watch(optarg); break;
            default: exit(2);
        }
    watched[watched_count++] = (struct watched){.pid = getpid(), .clock = CLOCK_PROCESS_CPUTIME_ID};
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    read_settings(count, arguments);
    make_request();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct connection *connections = calloc((size_t)settings.connections, sizeof *connections);
    for (int index = 0; index < settings.connections; index++)
        if (!connections || !dial(&connections[index])) {
            perror("load: cannot connect");
            return 1;
        }
    run(connections);
    print_report();
    return 0;
}
