/*
 * The official C client at the jobs of this bench, by its public interface: threads with a tracker connection each,
 * connections to storages from the pool of the library (use_connection_pool in the client.conf).
 *
 *   c-client CLIENT.CONF upload       THREADS TIMES WARM_UP CONTENT_FILE
 *   c-client CLIENT.CONF download     THREADS TIMES WARM_UP FILE_WITH_IDS
 *   c-client CLIENT.CONF uploadFile   THREADS TIMES WARM_UP LOCAL_FILE
 *   c-client CLIENT.CONF downloadFile THREADS TIMES WARM_UP FILE_WITH_IDS LOCAL_FILE
 *   c-client CLIENT.CONF drain        THREADS TIMES WARM_UP FILE_WITH_IDS
 *
 * Prints seconds, CPU seconds, peak memory in bytes, and median, mean and 99th percentile of the milliseconds that an operation
 * took, on one line; then the ids of the files it made.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "fastcommon/logger.h"
#include "fastdfs/fdfs_client.h"

#define ID_BYTES 256

typedef struct {
    char group[FDFS_GROUP_NAME_MAX_LEN + 1];
    char name[ID_BYTES];
} FileId;

/* One run of the job; made is where an upload leaves the id. */
typedef int (*Job)(ConnectionInfo *tracker, int index, FileId *made);

static struct {
    const char *path;     /* of the local file to read */
    const char *target;   /* of the local file to write */
    char *content;
    long content_bytes;
    FileId *ids;
    int id_count;
} input;

static Job job;
static FileId *made;
static double *milliseconds; /* of each run */
static int times, warm_up;
static atomic_int next_warm_up, next_run;
static pthread_barrier_t barrier;

static void fail(const char *what, int error)
{
    fprintf(stderr, "%s: %s (%d)\n", what, strerror(error), error);
    _exit(1);
}

static char *read_whole(const char *path, long *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail(path, errno);
    fseek(file, 0, SEEK_END);
    *bytes = ftell(file);
    rewind(file);
    char *content = malloc(*bytes + 1);
    if (content == NULL || fread(content, 1, *bytes, file) != (size_t)*bytes) fail(path, EIO);
    content[*bytes] = '\0';
    fclose(file);
    return content;
}

static void read_ids(const char *path)
{
    long bytes;
    char *rest, *text = read_whole(path, &bytes);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *slash = strchr(line, '/');
        if (slash == NULL || slash - line > FDFS_GROUP_NAME_MAX_LEN || strlen(slash) >= ID_BYTES) fail(line, EINVAL);
        input.ids = realloc(input.ids, (input.id_count + 1) * sizeof(FileId));
        FileId *id = &input.ids[input.id_count++];
        *slash = '\0';
        strcpy(id->group, line);
        strcpy(id->name, slash + 1);
    }
    free(text);
    if (input.id_count == 0) fail(path, ENODATA);
}

/* The tracker is asked by the library for each file, as this client always does. */
static int upload(ConnectionInfo *tracker, int index, FileId *id)
{
    (void)index;
    return storage_upload_by_filebuff(tracker, NULL, 0, input.content, input.content_bytes, "", NULL, 0,
        id->group, id->name);
}

static int upload_file(ConnectionInfo *tracker, int index, FileId *id)
{
    (void)index;
    return storage_upload_by_filename(tracker, NULL, 0, input.path, "", NULL, 0, id->group, id->name);
}

static int download(ConnectionInfo *tracker, int index, FileId *unused)
{
    (void)unused;
    const FileId *id = &input.ids[index % input.id_count];
    char *content;
    int64_t bytes;
    int error = storage_download_file_to_buff(tracker, NULL, id->group, id->name, &content, &bytes);
    if (error == 0) free(content);
    return error;
}

static int download_file(ConnectionInfo *tracker, int index, FileId *unused)
{
    (void)unused;
    const FileId *id = &input.ids[index % input.id_count];
    int64_t bytes;
    return storage_download_file_to_file(tracker, NULL, id->group, id->name, input.target, &bytes);
}

static int ignore(void *unused, const int64_t file_bytes, const char *data, const int bytes)
{
    (void)unused, (void)file_bytes, (void)data, (void)bytes;
    return 0;
}

static int drain(ConnectionInfo *tracker, int index, FileId *unused)
{
    (void)unused;
    const FileId *id = &input.ids[index % input.id_count];
    int64_t bytes;
    return storage_download_file_ex(tracker, NULL, id->group, id->name, 0, 0, ignore, NULL, &bytes);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* Each thread does what is next until there is no more: the same loop as in the other contenders. */
static void *work(void *unused)
{
    (void)unused;
    ConnectionInfo *tracker = tracker_get_connection();
    if (tracker == NULL) fail("connecting to the tracker", errno ? errno : ECONNREFUSED);
    int index, error;
    while ((index = atomic_fetch_add(&next_warm_up, 1)) < warm_up)
        if ((error = job(tracker, index, &made[times + index])) != 0) fail("warming up", error);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    double started = now();
    while ((index = atomic_fetch_add(&next_run, 1)) < times) {
        if ((error = job(tracker, index, &made[index])) != 0) fail("the job", error);
        double ended = now();
        milliseconds[index] = (ended - started) * 1000;
        started = ended;
    }
    pthread_barrier_wait(&barrier);
    return NULL;
}

static int compare(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static void print_latency(void)
{
    double sum = 0;
    for (int index = 0; index < times; index++) sum += milliseconds[index];
    qsort(milliseconds, times, sizeof(double), compare);
    printf(" %.6f %.6f %.6f\n", milliseconds[(times - 1) / 2], sum / times, milliseconds[(times * 99 + 99) / 100 - 1]);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6 + usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6;
}

/* Of this program alone: what getrusage tells may be that of the process it was started from. */
static long peak_bytes(void)
{
    char line[128];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1) break;
    if (status) fclose(status);
    return kib * 1024;
}

static void set_up(int argc, char **argv)
{
    const char *kind = argv[2];
    if (strcmp(kind, "upload") == 0) job = upload, input.content = read_whole(argv[6], &input.content_bytes);
    else if (strcmp(kind, "uploadFile") == 0) job = upload_file, input.path = argv[6];
    else if (strcmp(kind, "download") == 0) job = download, read_ids(argv[6]);
    else if (strcmp(kind, "drain") == 0) job = drain, read_ids(argv[6]);
    else if (strcmp(kind, "downloadFile") == 0 && argc > 7) job = download_file, read_ids(argv[6]), input.target = argv[7];
    else fail(kind, EINVAL);
    times = atoi(argv[4]);
    warm_up = atoi(argv[5]);
    made = calloc(times + warm_up, sizeof(FileId));
    milliseconds = calloc(times, sizeof(double));
}

int main(int argc, char **argv)
{
    if (argc < 7) fail("arguments", EINVAL);
    log_init();
    g_log_context.log_level = LOG_ERR;
    int error = fdfs_client_init(argv[1]);
    if (error != 0) fail(argv[1], error);
    set_up(argc, argv);

    int threads = atoi(argv[3]);
    pthread_barrier_init(&barrier, NULL, threads + 1);
    for (int index = 0; index < threads; index++) {
        pthread_t thread;
        if ((error = pthread_create(&thread, NULL, work, NULL)) != 0) fail("starting a thread", error);
    }
    pthread_barrier_wait(&barrier);
    double cpu = cpu_seconds(), started = now();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    double seconds = now() - started;
    cpu = cpu_seconds() - cpu;

    printf("%.9f %.6f %ld", seconds, cpu, peak_bytes());
    print_latency();
    for (int index = 0; index < times + warm_up; index++)
        if (made[index].name[0]) printf("%s/%s\n", made[index].group, made[index].name);
    fflush(stdout);
    _exit(0);
}
