// A marked block in the text of /etc/hosts; everything else in it is other people's and stays as it is.
// Pure; any thread.
#pragma once

#include <string>

#include "podwright/v1/kinds/mesh.pb.h"

namespace podwright::drivers::mesh {

// A name with several addresses has a line for each: getaddrinfo answers all of them (hosts(5), host.conf(5) "multi").
// "" where no names are wanted.
std::string HostsBlock(const std::string& mesh, const v1::kinds::MeshNamesAction& names);
// The mesh's block as it stands in `text`, with its marks; "" where there is none.
std::string FindHostsBlock(const std::string& text, const std::string& mesh);
// `text` with the mesh's block replaced, put at the end, or (for "") taken out.
std::string WithHostsBlock(const std::string& text, const std::string& mesh, const std::string& block);

}  // namespace podwright::drivers::mesh
