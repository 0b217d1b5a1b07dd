/** What stands below the help of commands, beside examples. */
import { DEFAULT_CONF } from './cluster-choice.js';

export const CLUSTER_HELP = `Which cluster (the first one that is given counts):
  --conf <file>, or --tracker <host:port> once or several times
  FDFS_CONF       path of a client.conf
  FDFS_TRACKERS   host:port,host:port,…
  ${DEFAULT_CONF}

Storages that announce addresses which cannot be reached from here:
  --map <announced=reachable> once or several times, e.g. 172.17.0.2=files.example.com
  FDFS_MAP        announced=reachable,announced=reachable,…
  map_address = announced=reachable in the client.conf`;

export const EXIT_HELP = `Exit codes:
  0    done
  1    failed, or several files failed for different reasons
  2    wrong arguments, options or configuration
  3    no such file, group or storage
  4    no server could be reached, or none answered in time
  130  interrupted (Ctrl-C); what was half-done has been removed
  141  the reader of the output ended before all was written
  health: 0 ok, 1 degraded, 2 down; doctor: 0 no problem, 1 problems, 2 no server reached`;

export const COMPLETION_EXAMPLES = `Examples:
  eval "$(fdfs completion bash)"                                in ~/.bashrc
  eval "$(fdfs completion zsh)"                                 in ~/.zshrc, behind compinit
  fdfs completion fish > ~/.config/fish/completions/fdfs.fish`;

export const MIRROR_HELP =
  '--map <file> (required) keeps old and new ids as JSON lines; a later run resumes from it.';
