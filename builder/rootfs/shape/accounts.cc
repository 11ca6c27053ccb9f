// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/accounts.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "builder/rootfs/shape/origin.h"
#include "builder/rootfs/shape/text.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

using Record = std::vector<std::string>;  ///< a line's fields; one that is alone is no account

/// One of the lists: lines of fields, the first the name. Lines that are none stay as they are.
class AccountList {
 public:
  AccountList(Tree& tree, const char* path, unsigned mode)
      : tree_(tree), path_(path), mode_(mode), text_(text_at(tree, path)) {
    for (const std::string& line : lines_of(text_.value_or(""))) {
      Record record;
      std::string_view rest = line;
      while (true) {
        const std::size_t colon = rest.find(':');
        record.emplace_back(rest.substr(0, colon));
        if (colon == std::string_view::npos) break;
        rest.remove_prefix(colon + 1);
      }
      records_.push_back(std::move(record));
    }
  }

  [[nodiscard]] bool exists() const { return text_.has_value(); }
  /// The account called `name`; null: none.
  [[nodiscard]] Record* by_name(std::string_view name) { return find(0, name); }
  /// The account with this id in its third field; null: none.
  [[nodiscard]] Record* by_id(unsigned id) { return find(2, std::to_string(id)); }
  void add(Record record) { records_.push_back(std::move(record)); }

  void write() {
    std::string text;
    for (const Record& record : records_) {
      for (std::size_t i = 0; i < record.size(); ++i) text += (i == 0 ? "" : ":") + record[i];
      text += '\n';
    }
    if (text != text_.value_or("")) replace_text(tree_, path_, text, mode_, kAccountsOrigin);
  }

 private:
  Record* find(std::size_t field, std::string_view value) {
    for (Record& record : records_) {
      if (record.size() > 2 && record[field] == value) return &record;
    }
    return nullptr;
  }

  Tree& tree_;
  const char* path_;
  unsigned mode_;
  std::optional<std::string> text_;
  std::vector<Record> records_;
};

class Accounts {
 public:
  Accounts(const std::string& recipe_file, Tree& tree)
      : file_(recipe_file),
        users_(tree, "etc/passwd", 0644),
        groups_(tree, "etc/group", 0644),
        passwords_(tree, "etc/shadow", 0600),
        group_passwords_(tree, "etc/gshadow", 0600) {}

  void add_group(const std::string& name, unsigned gid) {
    if (const Record* same = groups_.by_name(name)) {
      if ((*same)[2] == std::to_string(gid)) return;
      throw_error(Code::invalid_argument,
                  "{}: group {} shall have the id {}, but the base has a group {} with the id {}",
                  file_, name, gid, name, (*same)[2]);
    }
    if (const Record* other = groups_.by_id(gid))
      throw_error(Code::invalid_argument,
                  "{}: group {} shall have the id {}, which is that of the group {}", file_, name,
                  gid, (*other)[0]);
    groups_.add({name, "x", std::to_string(gid), ""});
    if (group_passwords_.exists()) group_passwords_.add({name, "!", "", ""});
  }

  void add_members(const recipe::ImageGroup& group) {
    for (const std::string& member : group.members) {
      if (users_.by_name(member) == nullptr)
        throw_error(Code::invalid_argument, "{}: group {}: its member {} is no user of the image",
                    file_, group.name, member);
      add_member(groups_.by_name(group.name), member);
      add_member(group_passwords_.by_name(group.name), member);
    }
  }

  void add_user(const recipe::ImageUser& user) {
    Record* same = users_.by_name(user.name);
    if (same != nullptr) {
      check_ids(*same, user);
      same->resize(7);
    } else {
      if (const Record* other = users_.by_id(user.uid))
        throw_error(Code::invalid_argument,
                    "{}: user {} shall have the id {}, which is that of the user {}", file_,
                    user.name, user.uid, (*other)[0]);
      users_.add({user.name, "x", std::to_string(user.uid), std::to_string(user.gid), "", "/",
                  "/sbin/nologin"});
      same = users_.by_name(user.name);
    }
    if (user.comment) (*same)[4] = *user.comment;
    if (user.home) (*same)[5] = *user.home;
    if (user.shell) (*same)[6] = *user.shell;
    if (groups_.by_id(user.gid) == nullptr) add_group(user.name, user.gid);
    // No time of the last change: it would be the build's, and a password that is locked never ages
    if (passwords_.by_name(user.name) == nullptr)
      passwords_.add({user.name, "!", "", "", "", "", "", "", ""});
  }

  void write() {
    users_.write();
    groups_.write();
    passwords_.write();
    group_passwords_.write();
  }

 private:
  void check_ids(const Record& same, const recipe::ImageUser& user) const {
    const std::string uid = std::to_string(user.uid);
    const std::string gid = std::to_string(user.gid);
    if (same.size() > 3 && same[2] == uid && same[3] == gid) return;
    throw_error(Code::invalid_argument,
                "{}: user {} shall have the ids {}:{}, but the base has a user {} with {}:{}",
                file_, user.name, uid, gid, user.name, same[2], same.size() > 3 ? same[3] : "");
  }

  static void add_member(Record* group, const std::string& member) {
    if (group == nullptr) return;
    group->resize(4);
    std::string& members = group->back();
    if (("," + members + ",").find("," + member + ",") != std::string::npos) return;
    members += (members.empty() ? "" : ",") + member;
  }

  const std::string& file_;
  AccountList users_;
  AccountList groups_;
  AccountList passwords_;
  AccountList group_passwords_;
};

}  // namespace

void add_accounts(const recipe::ImageRecipe& recipe, Tree& tree) {
  if (recipe.groups.empty() && recipe.users.empty()) return;
  Accounts accounts(recipe.file, tree);
  for (const recipe::ImageGroup& group : recipe.groups) accounts.add_group(group.name, group.gid);
  for (const recipe::ImageUser& user : recipe.users) accounts.add_user(user);
  for (const recipe::ImageGroup& group : recipe.groups) accounts.add_members(group);
  accounts.write();
}

}  // namespace kata::rootfs
