/* A scripted upstream: on the wire it looks like vLLM 0.32, and costs a few microseconds a request.
 *
 * What stands in front of it can then be measured, because what stands behind it is nearly free and never varies. Every
 * byte follows recordings of a real server (tests/benchmarks/recordings): the order of keys, what `stream_options`
 * changes, where the fingerprint goes, one event in each HTTP chunk, a role chunk before the first token. Requests are
 * read by text search, not parsed, and a model's name is not checked: a benchmark sends one request, and we wrote it.
 *
 * One thread, one epoll set, a list of streams sorted by when their next frame is due.
 *
 * usage: upstream [--port N] [--model NAME] [--reply-bytes N] [--frames N] [--gap-us N] [--first-us N]
 * Port 0 takes any free one. Prints "listening PORT" once it answers. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FINGERPRINT "vllm-0.32.0-142a6583"
#define NANOSECONDS 1000000000ULL
#define READ_BYTES 65536
#define EVENTS 512
#define CHUNK_HEAD 16 /* room before an event for its chunk size: 8 hex digits and CRLF at most */

struct text {
    char *bytes; /* always ends in a NUL that is not counted */
    size_t length, capacity;
};

struct stream {
    char id[80], head[256]; /* head: what each of this stream's events begins with */
    long frames, sent, prompt_tokens;
    bool active, include_usage, continuous_usage, cut_short;
    uint64_t due;
};

struct connection {
    int fd;
    bool broken, close_after;
    struct text in, out; /* out: what the socket would not take yet */
    struct stream stream;
    struct connection *earlier, *later; /* neighbours in the list of due streams */
};

static struct {
    int port;
    const char *model;
    long reply_bytes, frames, gap_us, first_us;
} settings = {0, "bench-model", 1377, 200, 20000, 20000};

static struct connection *due_first, *due_last;
static int epoll_fd;
static uint64_t answered, tokens_made, running;

/* ---- time ---- */

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

/* The date header, rendered once a second as uvicorn does. */
static const char *http_date(void) {
    static char rendered[64];
    static time_t rendered_at;
    time_t now = time(NULL);
    if (now != rendered_at) {
        rendered_at = now;
        strftime(rendered, sizeof rendered, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
    }
    return rendered;
}

/* ---- text ---- */

static void reserve(struct text *text, size_t more) {
    if (text->length + more + 1 <= text->capacity) return;
    text->capacity = 2 * (text->length + more + 1);
    text->bytes = realloc(text->bytes, text->capacity);
    if (!text->bytes) abort();
}

static void append(struct text *text, const char *bytes, size_t length) {
    reserve(text, length);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = 0;
}

static void drop(struct text *text, size_t length) {
    memmove(text->bytes, text->bytes + length, text->length - length + 1);
    text->length -= length;
}

__attribute__((format(printf, 2, 3))) static void print(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    reserve(text, 1024);
    int written = vsnprintf(text->bytes + text->length, text->capacity - text->length, format, arguments);
    va_end(arguments);
    if (written < 0 || text->length + (size_t)written >= text->capacity) abort();
    text->length += (size_t)written;
}

/* ---- sockets ---- */

static void transmit(struct connection *connection, const char *bytes, size_t length) {
    ssize_t taken = 0;
    if (connection->out.length == 0) taken = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN) connection->broken = true;
    if (taken < 0) taken = 0;
    if ((size_t)taken < length) append(&connection->out, bytes + taken, length - (size_t)taken);
}

static void flush(struct connection *connection) {
    if (connection->out.length == 0) return;
    ssize_t taken = send(connection->fd, connection->out.bytes, connection->out.length, MSG_NOSIGNAL);
    if (taken > 0) drop(&connection->out, (size_t)taken);
    else if (errno != EAGAIN) connection->broken = true;
}

/* ---- the list of due streams ----
 * All gaps are equal, so a stream put back is nearly always the last one due: inserting from the end is one step. */

static void schedule(struct connection *connection, uint64_t due) {
    struct connection *before = due_last;
    connection->stream.due = due;
    while (before && before->stream.due > due) before = before->earlier;
    connection->earlier = before;
    connection->later = before ? before->later : due_first;
    *(connection->earlier ? &connection->earlier->later : &due_first) = connection;
    *(connection->later ? &connection->later->earlier : &due_last) = connection;
}

static void unschedule(struct connection *connection) {
    *(connection->earlier ? &connection->earlier->later : &due_first) = connection->later;
    *(connection->later ? &connection->later->earlier : &due_last) = connection->earlier;
}

static void finish_stream(struct connection *connection) {
    unschedule(connection);
    connection->stream.active = false;
    running--;
    answered++;
}

static void close_connection(struct connection *connection) {
    if (connection->stream.active) finish_stream(connection);
    close(connection->fd);
    free(connection->in.bytes);
    free(connection->out.bytes);
    free(connection);
}

/* ---- reading a request ---- */

struct request {
    const char *head, *body;
    size_t head_length, body_length;
};

/* The value of a header, or NULL; the name comes with its colon. */
static const char *header(const struct request *request, const char *name) {
    const char *line = request->head, *end = request->head + request->head_length;
    while (line && line < end) {
        if (!strncasecmp(line, name, strlen(name))) return line + strlen(name) + strspn(line + strlen(name), " ");
        line = memchr(line, '\n', (size_t)(end - line));
        if (line) line++;
    }
    return NULL;
}

/* What stands behind `"key":` in the body, or NULL. Inside a string of the body the quotes would be escaped, so this
 * finds keys only; at which depth it does not care. */
static const char *field(const struct request *request, const char *key) {
    const char *found = memmem(request->body, request->body_length, key, strlen(key));
    return found ? found + strlen(key) + strspn(found + strlen(key), ": ") : NULL;
}

static bool is_true(const struct request *request, const char *key) {
    const char *value = field(request, key);
    return value && *value == 't';
}

/* Finds the first whole request in what was read; false while bytes are missing. */
static bool next_request(const struct text *in, struct request *request) {
    const char *end = in->length ? memmem(in->bytes, in->length, "\r\n\r\n", 4) : NULL;
    if (!end) return false;
    *request = (struct request){.head = in->bytes, .head_length = (size_t)(end - in->bytes) + 4};
    size_t rest = in->length - request->head_length;
    request->body = in->bytes + request->head_length;
    const char *length = header(request, "content-length:"), *coding = header(request, "transfer-encoding:");
    if (length) request->body_length = strtoul(length, NULL, 10);
    if (length || !coding) return request->body_length <= rest;
    const char *last = memmem(request->body, rest, "0\r\n\r\n", 5); /* chunked: sizes stay in; a search skips them */
    request->body_length = last ? (size_t)(last - request->body) + 5 : 0;
    return last != NULL;
}

/* ---- answering whole ---- */

static void respond(struct connection *connection, int status, const char *type, const struct text *body) {
    struct text reply = {0};
    print(&reply, "HTTP/1.1 %d %s\r\ndate: %s\r\nserver: uvicorn\r\ncontent-length: %zu\r\n", status,
          status == 200 ? "OK" : "Not Found", http_date(), body->length);
    if (type) print(&reply, "content-type: %s\r\n", type);
    print(&reply, "vary: Origin\r\n\r\n");
    append(&reply, body->bytes ? body->bytes : "", body->length);
    transmit(connection, reply.bytes, reply.length);
    free(reply.bytes);
}

/* vLLM's rule: the caller's X-Request-Id if there is one, else 16 hex digits. */
static void exchange_id(char id[80], const struct request *request) {
    static uint64_t last = 0x9e3779b97f4a7c15ULL;
    const char *given = header(request, "x-request-id:");
    last = last * 6364136223846793005ULL + 1442695040888963407ULL;
    if (given) snprintf(id, 80, "chatcmpl-%.*s", (int)strcspn(given, "\r\"\\ "), given);
    else snprintf(id, 80, "chatcmpl-%016llx", (unsigned long long)last);
}

static const char prose[] =
    "A gateway is judged by what it adds and by what it keeps. It adds a little time to each request and a little "
    "memory to each host; it keeps a record of who asked for what, which version answered, how long that took and what "
    "it cost. When the record is good, most of the questions that come up at three in the morning have an answer "
    "before anybody has to ask them, and the ones that remain are worth being woken for. ";

/* Fills `content` so that the whole body has the size that was asked for, whatever the length of its id. */
static void append_content(struct text *body, size_t length) {
    for (size_t done = 0; done < length; done += sizeof prose - 1)
        append(body, prose, length - done < sizeof prose - 1 ? length - done : sizeof prose - 1);
}

static long tokens_wanted(const struct request *request, bool *cut_short) {
    const char *limit = field(request, "\"max_tokens\"");
    if (!limit) limit = field(request, "\"max_completion_tokens\"");
    long most = limit ? atol(limit) : 0;
    *cut_short = most > 0 && most < settings.frames;
    return *cut_short ? most : settings.frames;
}

static void answer_chat(struct connection *connection, const struct request *request) {
    char id[80];
    bool cut_short;
    long tokens = tokens_wanted(request, &cut_short), prompt_tokens = (long)request->body_length / 4;
    struct text body = {0}, tail = {0};
    exchange_id(id, request);
    print(&body, "{\"id\":\"%s\",\"object\":\"chat.completion\",\"created\":%ld,\"model\":\"%s\",\"choices\":["
          "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"", id, (long)time(NULL), settings.model);
    print(&tail, "\",\"refusal\":null,\"annotations\":null,\"audio\":null,\"function_call\":null,\"reasoning\":null},"
          "\"logprobs\":null,\"finish_reason\":\"%s\",\"stop_reason\":null,\"token_ids\":null,"
          "\"routed_experts\":null}],\"service_tier\":null,\"system_fingerprint\":\"" FINGERPRINT "\","
          "\"usage\":{\"prompt_tokens\":%ld,\"total_tokens\":%ld,\"completion_tokens\":%ld,"
          "\"prompt_tokens_details\":null,\"completion_tokens_details\":null},\"prompt_logprobs\":null,"
          "\"prompt_token_ids\":null,\"prompt_text\":null,\"kv_transfer_params\":null,"
          "\"ec_transfer_params\":null,\"metrics\":null}",
          cut_short ? "length" : "stop", prompt_tokens, prompt_tokens + tokens, tokens);
    if ((size_t)settings.reply_bytes > body.length + tail.length)
        append_content(&body, (size_t)settings.reply_bytes - body.length - tail.length);
    append(&body, tail.bytes, tail.length);
    respond(connection, 200, "application/json", &body);
    free(body.bytes);
    free(tail.bytes);
    answered++;
    tokens_made += (uint64_t)tokens;
}

static void answer_models(struct connection *connection) {
    struct text body = {0};
    print(&body, "{\"object\":\"list\",\"data\":[{\"id\":\"%s\",\"object\":\"model\",\"created\":%ld,"
          "\"owned_by\":\"vllm\",\"root\":\"%s\",\"parent\":null,\"max_model_len\":8192,\"permission\":["
          "{\"id\":\"modelperm-9f17c7a359677241\",\"object\":\"model_permission\",\"created\":%ld,"
          "\"allow_create_engine\":false,\"allow_sampling\":true,\"allow_logprobs\":true,"
          "\"allow_search_indices\":false,\"allow_view\":true,\"allow_fine_tuning\":false,"
          "\"organization\":\"*\",\"group\":null,\"is_blocking\":false}]}]}",
          settings.model, (long)time(NULL), settings.model, (long)time(NULL));
    respond(connection, 200, "application/json", &body);
    free(body.bytes);
}

static void print_series(struct text *body, const char *name, const char *kind, const char *labels, uint64_t value) {
    print(body, "# HELP vllm:%s Scripted.\n# TYPE vllm:%s %s\nvllm:%s{%sengine=\"0\",model_name=\"%s\"} %llu.0\n", name,
          name, kind, name, labels, settings.model, (unsigned long long)value);
}

static void answer_metrics(struct connection *connection) {
    struct text body = {0};
    print_series(&body, "num_requests_running", "gauge", "", running);
    print_series(&body, "num_requests_waiting", "gauge", "", 0);
    print_series(&body, "kv_cache_usage_perc", "gauge", "", 0);
    print_series(&body, "generation_tokens_total", "counter", "", tokens_made);
    print_series(&body, "request_success_total", "counter", "finished_reason=\"stop\",", answered);
    respond(connection, 200, "text/plain; version=1.0.0; charset=utf-8", &body);
    free(body.bytes);
}

/* ---- answering as a stream ---- */

static void start_stream(struct connection *connection, const struct request *request) {
    struct stream *stream = &connection->stream;
    struct text head = {0};
    *stream = (struct stream){.active = true, .prompt_tokens = (long)request->body_length / 4};
    stream->frames = tokens_wanted(request, &stream->cut_short);
    stream->include_usage = is_true(request, "\"include_usage\"");
    stream->continuous_usage = stream->include_usage && is_true(request, "\"continuous_usage_stats\"");
    exchange_id(stream->id, request);
    snprintf(stream->head, sizeof stream->head,
             "data: {\"id\":\"%s\",\"object\":\"chat.completion.chunk\",\"created\":%ld,\"model\":\"%.64s\","
             "\"choices\":[", stream->id, (long)time(NULL), settings.model);
    print(&head, "HTTP/1.1 200 OK\r\ndate: %s\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
          "vary: Origin\r\ntransfer-encoding: chunked\r\n\r\n", http_date());
    transmit(connection, head.bytes, head.length);
    free(head.bytes);
    running++;
    schedule(connection, nanoseconds() + (uint64_t)settings.first_us * 1000);
}

/* One event in one HTTP chunk and one write, as vLLM sends them. The chunk's size goes into the room left before it. */
static void send_event(struct connection *connection, struct text *event) {
    char size[CHUNK_HEAD + 1];
    int digits = snprintf(size, sizeof size, "%zx\r\n", event->length - CHUNK_HEAD);
    append(event, "\r\n", 2);
    char *start = event->bytes + CHUNK_HEAD - digits;
    memcpy(start, size, (size_t)digits);
    transmit(connection, start, event->length - CHUNK_HEAD + (size_t)digits);
}

static void begin_event(struct text *event, const struct stream *stream) {
    event->length = 0;
    append(event, "                ", CHUNK_HEAD);
    append(event, stream->head, strlen(stream->head));
}

/* In the middle of a stream vLLM's usage has a fourth key, in the last chunk it has three. */
static const char fourth_key[] = ",\"completion_tokens_details\":null";

static void append_usage(struct text *event, const struct stream *stream, const char *fourth) {
    print(event, ",\"usage\":{\"prompt_tokens\":%ld,\"total_tokens\":%ld,\"completion_tokens\":%ld%s}",
          stream->prompt_tokens, stream->prompt_tokens + stream->sent, stream->sent, fourth);
}

static void send_role(struct connection *connection, struct text *event) {
    begin_event(event, &connection->stream);
    print(event, "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
          "\"finish_reason\":null}]");
    if (connection->stream.continuous_usage) append_usage(event, &connection->stream, fourth_key);
    print(event, ",\"prompt_token_ids\":null,\"prompt_text\":null}\n\n");
    send_event(connection, event);
}

/* The token is the moment at which it was sent, so that the receiver knows each frame's delay. Written in letters:
 * digits in a row look like a card or telephone number to a guard. */
static void append_token(struct text *event, uint64_t moment) {
    char token[18] = " t";
    for (int letter = 0; letter < 16; letter++) token[2 + letter] = (char)('a' + (moment >> (60 - 4 * letter) & 15));
    append(event, token, sizeof token);
}

static void send_token(struct connection *connection, struct text *event) {
    struct stream *stream = &connection->stream;
    bool last = ++stream->sent == stream->frames, stop = last && !stream->cut_short;
    begin_event(event, stream);
    print(event, "{\"index\":0,\"delta\":{\"content\":\"");
    if (!stop) append_token(event, nanoseconds()); /* a stop token has no text */
    print(event, "\"},\"logprobs\":null,\"finish_reason\":");
    print(event, last ? "\"%s\",\"stop_reason\":null," : "null,", stop ? "stop" : "length");
    print(event, "\"token_ids\":null}]");
    if (stream->continuous_usage) append_usage(event, stream, fourth_key);
    if (last && !stream->include_usage) print(event, ",\"system_fingerprint\":\"" FINGERPRINT "\"");
    print(event, "}\n\n");
    send_event(connection, event);
}

static void send_usage(struct connection *connection, struct text *event) {
    begin_event(event, &connection->stream);
    print(event, "]");
    append_usage(event, &connection->stream, "");
    print(event, ",\"system_fingerprint\":\"" FINGERPRINT "\"}\n\n");
    send_event(connection, event);
}

static void send_done(struct connection *connection) {
    static const char done[] = "e\r\ndata: [DONE]\n\n\r\n";
    transmit(connection, done, sizeof done - 1);
    transmit(connection, "0\r\n\r\n", 5);
}

static void advance(struct connection *connection) {
    static struct text event; /* kept: a frame must not cost an allocation */
    struct stream *stream = &connection->stream;
    if (stream->sent == 0) send_role(connection, &event);
    send_token(connection, &event);
    tokens_made++;
    if (stream->sent < stream->frames) {
        unschedule(connection);
        schedule(connection, stream->due + (uint64_t)settings.gap_us * 1000);
        return;
    }
    if (stream->include_usage) send_usage(connection, &event);
    send_done(connection);
    finish_stream(connection);
}

/* ---- serving ---- */

static bool starts_with(const struct request *request, const char *line) {
    return !strncmp(request->head, line, strlen(line));
}

static void dispatch(struct connection *connection, const struct request *request) {
    static const struct text nothing, missing = {.bytes = "{\"detail\":\"Not Found\"}", .length = 22};
    static const struct text version = {.bytes = "{\"version\":\"0.32.0\"}", .length = 20};
    const char *connection_header = header(request, "connection:");
    connection->close_after = connection_header && !strncasecmp(connection_header, "close", 5);
    if (starts_with(request, "POST /v1/chat/completions "))
        is_true(request, "\"stream\"") ? start_stream(connection, request) : answer_chat(connection, request);
    else if (starts_with(request, "GET /health ")) respond(connection, 200, NULL, &nothing);
    else if (starts_with(request, "GET /v1/models ")) answer_models(connection);
    else if (starts_with(request, "GET /metrics ")) answer_metrics(connection);
    else if (starts_with(request, "GET /version ")) respond(connection, 200, "application/json", &version);
    else respond(connection, 404, "application/json", &missing);
}

/* Answers what has been read whole; a second request waits until the stream before it has ended. */
static void serve(struct connection *connection) {
    struct request request;
    while (!connection->stream.active && !connection->broken && next_request(&connection->in, &request)) {
        dispatch(connection, &request);
        drop(&connection->in, request.head_length + request.body_length);
    }
    if (connection->close_after && !connection->stream.active && !connection->out.length) connection->broken = true;
}

/* Edge-triggered, so that no call to epoll_ctl is needed to wait for room; a short read means there is no more. */
static void receive(struct connection *connection) {
    ssize_t taken;
    do {
        reserve(&connection->in, READ_BYTES);
        taken = recv(connection->fd, connection->in.bytes + connection->in.length, READ_BYTES, 0);
        if (taken == 0 || (taken < 0 && errno != EAGAIN)) connection->broken = true;
        if (taken > 0) connection->in.length += (size_t)taken;
        connection->in.bytes[connection->in.length] = 0;
    } while (taken == READ_BYTES);
}

static void handle(struct connection *connection, uint32_t events) {
    if (events & EPOLLOUT) flush(connection);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(connection);
    serve(connection);
    if (connection->broken) close_connection(connection);
}

static void accept_all(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection) abort();
        connection->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &interest);
    }
}

/* Sends what is due. A stream whose reader does not keep up waits a gap, as a real one would not; nobody measured here
 * is that slow, and it bounds our memory. */
static void advance_due(void) {
    uint64_t now = nanoseconds();
    while (due_first && due_first->stream.due <= now) {
        struct connection *connection = due_first;
        if (connection->out.length) {
            unschedule(connection);
            schedule(connection, now + (uint64_t)settings.gap_us * 1000 + NANOSECONDS / 1000);
            continue;
        }
        advance(connection);
        if (!connection->stream.active) serve(connection);
        if (connection->broken) close_connection(connection);
    }
}

static int listen_on(int port) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 2048)) {
        perror("upstream: cannot listen");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static struct timespec until_next_frame(void) {
    uint64_t now = nanoseconds(), due = due_first ? due_first->stream.due : now + 3600 * NANOSECONDS;
    uint64_t wait = due > now ? due - now : 0;
    return (struct timespec){.tv_sec = (time_t)(wait / NANOSECONDS), .tv_nsec = (long)(wait % NANOSECONDS)};
}

static void run(int listener) {
    struct epoll_event ready[EVENTS], interest = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &interest);
    for (;;) {
        struct timespec wait = until_next_frame();
        int count = epoll_pwait2(epoll_fd, ready, EVENTS, &wait, NULL);
        for (int index = 0; index < count; index++)
            ready[index].data.ptr ? handle(ready[index].data.ptr, ready[index].events) : accept_all(listener);
        advance_due();
    }
}

static void read_settings(int count, char **arguments) {
    static const struct option options[] = {
        {"port", 1, NULL, 'p'},   {"model", 1, NULL, 'm'},  {"reply-bytes", 1, NULL, 'r'}, {"frames", 1, NULL, 'f'},
        {"gap-us", 1, NULL, 'g'}, {"first-us", 1, NULL, '1'}, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) switch (option) {
            case 'p': settings.port = atoi(optarg); break;
            case 'm': settings.model = optarg; break;
            case 'r': settings.reply_bytes = atol(optarg); break;
            case 'f': settings.frames = atol(optarg); break;
            case 'g': settings.gap_us = atol(optarg); break;
            case '1': settings.first_us = atol(optarg); break;
            default: exit(2);
        }
    if (settings.frames < 1 || strlen(settings.model) > 64) {
        fprintf(stderr, "upstream: a stream has at least one frame, a model's name at most 64 letters\n");
        exit(2);
    }
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    read_settings(count, arguments);
    run(listen_on(settings.port));
}
