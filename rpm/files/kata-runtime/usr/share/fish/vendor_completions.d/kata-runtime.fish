# SPDX-License-Identifier: Apache-2.0
# fish completion of kata-runtime: the program itself says what fits.
function __kata_runtime_complete
  set -l words (commandline --tokenize --cut-at-cursor --current-process)
  set -l last (commandline --current-token --cut-at-cursor)
  for line in (command $words[1] __complete $words[2..] $last 2>/dev/null)
    if test "$line" = :files
      __fish_complete_path $last
    else
      echo $line
    end
  end
end
complete --command kata-runtime --no-files --arguments '(__kata_runtime_complete)'
